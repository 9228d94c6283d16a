// The sample shop: a cart in this browser, forms, and calls of Segment's analytics.js, which onefold.js loaded.
import { CURRENCY, PRODUCTS } from '/catalogue.js'

const page = document.body.dataset
const $ = (selector) => document.querySelector(selector)
const kept = (name, otherwise, store = localStorage) => JSON.parse(store.getItem(name) ?? 'null') ?? otherwise
const keep = (name, value, store = localStorage) => store.setItem(name, JSON.stringify(value))
const money = (amount) => `${amount.toLocaleString('en-GB')} kr`
const bySku = Object.fromEntries(PRODUCTS.map((product) => [product.product_id, product]))
const lines = () => Object.entries(kept('cart', {})).filter(([sku]) => bySku[sku]).map(([sku, quantity]) => ({ ...bySku[sku], quantity }))
const total = () => lines().reduce((sum, line) => sum + line.price * line.quantity, 0)
// A blocker may keep onefold.js away; the shop goes on without it.
const isHeard = Boolean(window.analytics?.ready)
const bare = ({ art, hue, ...product }) => product

// What Onefold hears

const LONGEST_LOG = 12
const logged = kept('log', [], sessionStorage)

function call(kind, ...values) {
  if (!isHeard) return Promise.resolve()
  const what = kind === 'identify' ? Object.keys(values.at(-1)).join(', ') : values[0]
  const entry = { kind, what, ok: false }
  logged.unshift(entry)
  logged.length = Math.min(logged.length, LONGEST_LOG)
  showLog()
  return Promise.resolve(window.analytics[kind](...values)).then(() => {
    entry.ok = true
    showLog()
  })
}

function showLog() {
  keep('log', logged, sessionStorage)
  const list = $('#dock-log')
  list.replaceChildren(
    ...logged.map((entry) => {
      const item = document.createElement('li')
      for (const [tag, text] of [['b', entry.kind], ['span', entry.what], ['i', entry.ok ? '✓' : '']]) {
        const part = document.createElement(tag)
        part.textContent = text
        item.append(part)
      }
      return item
    })
  )
  $('.pulse').classList.toggle('on', Boolean(logged[0]?.ok))
  $('#dock-n').textContent = logged[0]?.what ?? ''
}

function showVisitor() {
  const known = kept('customer', null)
  if (isHeard) showWho(known)
  $('#account-link').textContent = known ? known.name : 'Sign in'
  const count = lines().reduce((sum, line) => sum + line.quantity, 0)
  $('#cart-count').textContent = count
  $('#cart-count').hidden = !count
}

function showWho(known) {
  const user = window.analytics.user()
  const email = known?.email ?? user.traits()?.email
  $('#dock-who').textContent = email ? `You are ${email}` : `Unknown visitor ${user.anonymousId().slice(0, 8)}`
  $('#dock-open').href = `${page.onefold}/people?q=anonymous_id:${encodeURIComponent(user.anonymousId())}`
}

// The cart

function change(sku, by) {
  const cart = kept('cart', {})
  cart[sku] = Math.max(0, (cart[sku] ?? 0) + by)
  if (!cart[sku]) delete cart[sku]
  keep('cart', cart)
  showVisitor()
  return call('track', by > 0 ? 'Product Added' : 'Product Removed', { ...bare(bySku[sku]), quantity: Math.abs(by) })
}

function basket() {
  return { products: lines().map(bare), value: total(), currency: CURRENCY }
}

function fill(template, line) {
  const item = $(template).content.cloneNode(true)
  const put = (selector, edit) => item.querySelectorAll(selector).forEach(edit)
  put('.art', (art) => art.classList.add(`h${line.hue}`))
  put('use', (use) => use.setAttribute('href', `/art.svg#${line.art}`))
  put('.name', (name) => { name.textContent = line.name; name.href = `/p/${line.product_id.toLowerCase()}` })
  put('.amount', (amount) => { amount.textContent = line.quantity })
  put('.price', (price) => { price.textContent = money(line.price * line.quantity) })
  put('[data-by]', (button) => {
    button.setAttribute('aria-label', `${button.dataset.by > 0 ? 'One more' : 'One less'}: ${line.name}`)
    button.addEventListener('click', () => { change(line.product_id, Number(button.dataset.by)); showCart() })
  })
  return item
}

function showCart() {
  const some = lines()
  $('#full').hidden = !some.length
  $('#empty').hidden = Boolean(some.length)
  $('#lines').replaceChildren(...some.map((line) => fill('#line', line)))
  document.querySelectorAll('.total').forEach((place) => { place.textContent = money(total()) })
}

// People

// The same address gets the same customer number on every device, as a shop's own server would see to.
function customerNumber(email) {
  let hash = 2166136261
  for (const letter of email.trim().toLowerCase()) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619) >>> 0
  return `W-${1_000_000 + (hash % 9_000_000)}`
}

function consent(purposes, form) {
  return call('track', 'Consent Updated', { purposes, form, wording: 'shop-2026-1' })
}

const FORMS = {
  async newsletter(data, form) {
    await call('identify', { email: data.email, newsletter: true })
    await consent({ email_marketing: true, advertising: Boolean(data.ads) }, 'newsletter')
    await call('track', 'Newsletter Subscribed', { place: 'footer' })
    form.querySelector('.said').textContent = 'Thank you. The first letter is on its way.'
  },
  async account(data) {
    const number = customerNumber(data.email)
    keep('customer', { number, name: data.name, email: data.email })
    await call('identify', number, { name: data.name, email: data.email })
    await call('track', 'Signed Up', { method: 'e-mail' })
    if (data.letters) await consent({ email_marketing: true }, 'account')
    showAccount()
  },
  async order(data) {
    const { email, name, phone, city } = data
    const order = { order_id: `W${Date.now().toString(36).toUpperCase()}`, ...basket(), total: total(), revenue: total(), shipping: 0 }
    const customer = kept('customer', null)
    const traits = { email, name, ...(phone && { phone }), address: { city } }
    await call('identify', ...(customer ? [customer.number, traits] : [traits]))
    if (data.letters) await consent({ email_marketing: true }, 'checkout')
    await call('track', 'Order Completed', order)
    keep('cart', {})
    keep('order', { id: order.order_id, total: order.total, email }, sessionStorage)
    location.assign('/thanks')
  },
}

function showAccount() {
  const customer = kept('customer', null)
  $('#sign-up').hidden = Boolean(customer)
  $('#signed-in').hidden = !customer
  if (customer) {
    $('#hello').textContent = `Hello, ${customer.name}`
    $('#number').textContent = customer.number
  }
}

// Pages

const PAGES = {
  home: () => call('track', 'Product List Viewed', { list_id: 'home', category: 'All' }),
  category: () => call('track', 'Product List Viewed', { list_id: page.category, category: page.category }),
  product() {
    $('#add').addEventListener('click', () => {
      change(page.sku, 1)
      $('#added').textContent = 'It is in your cart.'
    })
    return call('track', 'Product Viewed', bare(bySku[page.sku]))
  },
  cart() {
    showCart()
    return lines().length ? call('track', 'Cart Viewed', basket()) : undefined
  },
  checkout() {
    showCart()
    const customer = kept('customer', null)
    for (const name of ['name', 'email']) if (customer) $(`#order [name=${name}]`).value = customer[name]
    return lines().length ? call('track', 'Checkout Started', basket()) : undefined
  },
  account() {
    showAccount()
    $('#sign-out').addEventListener('click', () => {
      localStorage.removeItem('customer')
      showAccount()
      showVisitor()
    })
  },
  thanks() {
    const order = kept('order', null, sessionStorage)
    if (order) $('#bought').textContent = `Order ${order.id}, ${money(order.total)}. A receipt would go to ${order.email}.`
  },
}

function begin() {
  showVisitor()
  call('page', page.name)
  PAGES[page.page]?.()
}

if (isHeard) {
  window.analytics.ready(begin)
} else {
  $('#dock-who').textContent = 'A blocker keeps Onefold away'
  begin()
}
document.querySelectorAll('form').forEach((form) => {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const button = form.querySelector('button')
    if (button.disabled) return
    button.disabled = true
    try {
      await FORMS[form.id](Object.fromEntries(new FormData(form)), form)
      form.reset()
    } finally {
      button.disabled = false
      showVisitor()
    }
  })
})
$('#dock-reset').addEventListener('click', () => {
  if (isHeard) window.analytics.reset()
  for (const store of [localStorage, sessionStorage]) for (const name of ['cart', 'customer', 'log', 'order']) store.removeItem(name)
  location.assign('/')
})
