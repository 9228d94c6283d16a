// Draws a form into a page, in a shadow of its own: the page's styles don't reach it, but its font and colours do.
// <script src="https://collect.shop.example/forms/KEY.js"></script> stands where the form shall be, or
// <div data-onefold-form="KEY"></div> does. What is sent carries the anonymous id of the site's snippet.
var OnefoldForm = window.OnefoldForm || (function () {
  'use strict'
  var STYLE =
    ':host{display:block;max-width:36em;font:inherit;color:inherit}*{box-sizing:border-box}' +
    '.title{font-size:1.35em;font-weight:600;line-height:1.25;margin:0 0 .3em;overflow-wrap:anywhere}' +
    'p{margin:0 0 1em;overflow-wrap:anywhere;white-space:pre-line}form{margin:0}' +
    '.field,fieldset{margin:0 0 1em;border:0;padding:0;min-width:0}' +
    'label,legend{display:block;font-weight:500;margin:0 0 .3em;padding:0;overflow-wrap:anywhere}' +
    'small{font-weight:400;opacity:.75}' +
    'input,select,textarea{font:inherit;color:inherit;background:transparent;width:100%;min-height:44px;padding:8px 12px;' +
    'border:1px solid color-mix(in srgb,currentColor 50%,transparent);border-radius:var(--corner)}' +
    'option{color:CanvasText;background:Canvas}textarea{min-height:7em;resize:vertical}' +
    'input[type=checkbox]{width:20px;height:20px;min-height:0;flex:none;margin:.15em 0 0;accent-color:var(--accent)}' +
    '.box{display:flex;gap:10px;align-items:flex-start;font-weight:400;margin-bottom:.4em}' +
    ':is(input,select,textarea,button):focus-visible{outline:3px solid var(--accent);outline-offset:2px}' +
    '[aria-invalid=true]{border-color:var(--bad)}.fault{color:var(--bad);font-size:.9em;margin:.3em 0 0}' +
    'button{font:inherit;font-weight:600;min-height:44px;padding:8px 20px;border:0;border-radius:var(--corner);' +
    'background:var(--accent);color:var(--on-accent);cursor:pointer}button[disabled]{opacity:.6;cursor:default}' +
    '.guard{position:absolute;left:-9999px;width:1px;height:1px;overflow:hidden}'

  function make(tag, about, parts) {
    var element = document.createElement(tag)
    Object.keys(about || {}).forEach(function (name) {
      if (about[name] === true) element.setAttribute(name, '')
      else if (about[name] || about[name] === 0) element.setAttribute(name, about[name])
    })
    ;[].concat(parts || []).forEach(function (part) {
      element.append(part)
    })
    return element
  }

  function label(words, field) {
    return [field.label].concat(field.required ? [] : [' ', make('small', {}, '(' + words.optional + ')')])
  }

  function control(words, field) {
    var about = { id: 'f-' + field.name, name: field.name, required: field.required, placeholder: field.placeholder }
    if (field.kind === 'long') return make('textarea', Object.assign(about, { maxlength: 5000, rows: 5 }))
    if (field.kind === 'choice') {
      delete about.placeholder
      var options = field.choices.map(function (choice) { return make('option', {}, choice) })
      return make('select', about, [make('option', { value: '' }, words.choose)].concat(options))
    }
    var types = { email: 'email', phone: 'tel' }
    return make('input', Object.assign(about, {
      type: types[field.kind] || 'text', maxlength: 200, autocomplete: field.autocomplete,
      inputmode: field.kind === 'number' ? 'decimal' : ''
    }))
  }

  function box(name, value, text, required) {
    return make('label', { class: 'box' }, [
      make('input', { type: 'checkbox', name: name, value: value, required: required }), make('span', {}, text)
    ])
  }

  function line(words, field) {
    if (field.kind === 'hidden') return make('input', { type: 'hidden', name: field.name, value: field.value })
    if (field.kind === 'choices') {
      return make('fieldset', { 'data-field': field.name }, [make('legend', {}, label(words, field))].concat(
        field.choices.map(function (choice) { return box(field.name, choice, choice) })))
    }
    return make('div', { class: 'field', 'data-field': field.name },
      [make('label', { for: 'f-' + field.name }, label(words, field)), control(words, field)])
  }

  // Draws into `holder`; `send(answers)` answers what the collector answered, none = a preview.
  function draw(form, holder, send) {
    var root = holder.shadowRoot || holder.attachShadow({ mode: 'open' })
    var sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
    root.adoptedStyleSheets = [sheet]
    holder.style.setProperty('--accent', form.accent)
    holder.style.setProperty('--on-accent', form.on_accent)
    holder.style.setProperty('--corner', form.corner + 'px')
    holder.lang = form.language
    var whole = make('form', { novalidate: true, 'aria-label': form.title })
    if (form.title) whole.append(make('div', { class: 'title', role: 'heading', 'aria-level': 2 }, form.title))
    if (form.intro) whole.append(make('p', {}, form.intro))
    form.fields.forEach(function (field) { whole.append(line(form.words, field)) })
    if (form.consent) {
      whole.append(make('div', { class: 'field', 'data-field': 'consent' },
        box('consent', 'yes', form.consent, form.consent_required)))
    }
    whole.append(make('div', { class: 'guard', 'aria-hidden': 'true' }, make('label', {}, [
      form.words.leave_empty, make('input', { name: 'website', tabindex: -1, autocomplete: 'off' })])))
    var button = make('button', {}, form.button)
    var said = make('p', { class: 'fault', role: 'alert' })
    whole.append(button, said)
    root.replaceChildren(whole)
    // the error's colour by the page's own: light text stands on a dark page
    var bright = (getComputedStyle(holder).color.match(/\d+(\.\d+)?/g) || [0, 0, 0]).slice(0, 3).map(Number)
    holder.style.setProperty('--bad', bright[0] + bright[1] + bright[2] > 382 ? '#f2857d' : '#b3261e')
    whole.addEventListener('submit', function (event) {
      event.preventDefault()
      if (!send || button.disabled) return
      button.disabled = true
      said.textContent = ''
      send(answersOf(whole)).then(function (answer) {
        button.disabled = false
        mark(whole, answer.faults || {})
        if (answer.ok && answer.redirect) return location.assign(answer.redirect)
        if (answer.ok) {
          var thanks = make('p', { role: 'status', tabindex: -1 }, answer.message)
          root.replaceChildren(thanks)
          return thanks.focus()
        }
        said.textContent = answer.faults ? form.words.faults : answer.message || form.words.failed
      }).catch(function () {
        button.disabled = false
        said.textContent = form.words.failed
      })
    })
  }

  function answersOf(whole) {
    var answers = {}
    new FormData(whole).forEach(function (value, name) { (answers[name] = answers[name] || []).push(value) })
    return answers
  }

  function mark(whole, faults) {
    whole.querySelectorAll('[data-field] .fault').forEach(function (fault) { fault.remove() })
    whole.querySelectorAll('[aria-invalid]').forEach(function (one) {
      one.removeAttribute('aria-invalid')
      one.removeAttribute('aria-describedby')
    })
    var first = null
    whole.querySelectorAll('[data-field]').forEach(function (holder) {
      var name = holder.dataset.field
      if (!faults[name]) return
      holder.append(make('p', { class: 'fault', id: 'fault-' + name }, faults[name]))
      holder.querySelectorAll('input, select, textarea').forEach(function (one) {
        one.setAttribute('aria-invalid', 'true')
        one.setAttribute('aria-describedby', 'fault-' + name)
        first = first || one
      })
    })
    if (first) first.focus()
  }

  function anonymousId() {
    try {
      var user = window.analytics && window.analytics.user
      var known = typeof user === 'function' && window.analytics.initialized ? window.analytics.user().anonymousId() : ''
      if (known) return known
      var kept = localStorage.getItem('ajs_anonymous_id')
      if (kept) return kept.charAt(0) === '"' ? JSON.parse(kept) : kept
    } catch (refused) {} // a browser that keeps nothing for this site
    var cookie = /(?:^|; )ajs_anonymous_id=([^;]+)/.exec(document.cookie)
    return cookie ? decodeURIComponent(cookie[1]).replace(/^"|"$/g, '') : ''
  }

  function ask(address, body) {
    var options = body ? { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}
    return fetch(address, Object.assign(options, { credentials: 'omit', cache: 'no-store', keepalive: Boolean(body) }))
      .then(function (answer) { return answer.json() })
  }

  function start(form) {
    var script = document.currentScript
    var address = script.src.replace(/\.js([?#].*)?$/, '')
    var key = address.replace(/^.*\//, '')
    var token = ask(address + '/token').then(function (answer) { return answer.token || '' }).catch(function () { return '' })
    function send(answers) {
      return token.then(function (sent) {
        return ask(address, {
          answers: answers, token: sent,
          about: { url: location.href, title: document.title, referrer: document.referrer, anonymous_id: anonymousId() }
        })
      })
    }
    function place() {
      var holder = document.querySelector('[data-onefold-form="' + key + '"]')
      if (!holder) script.after((holder = make('div', { 'data-onefold-form': key })))
      draw(form, holder, send)
    }
    if (document.readyState === 'loading' && !script.parentNode.closest('body')) addEventListener('DOMContentLoaded', place)
    else place()
  }

  return { draw: draw, start: start }
})()
