// Stands before analytics.js in what the collector serves: makes it ask the host that it came from, and no other.
// <script src="https://collect.shop.example/onefold.js" data-write-key="pk_…"></script> is all that a page needs;
// data-page="off": no page call by itself. Segment's own snippet works too, with the collector's host in it.
;(function () {
  'use strict'
  var script = document.currentScript || document.querySelector('script[data-write-key]')
  var base = script.src.replace(/\/(onefold\.js|analytics\.js\/)[^]*$/, '')
  window.__onefold = { base: base }
  var analytics = (window.analytics = window.analytics || [])
  if (analytics.initialize) return
  analytics._cdn = base
  var parts = /^(https?):\/\/(.*)$/.exec(base)
  var options = (analytics._loadOptions = analytics._loadOptions || {})
  var integrations = (options.integrations = options.integrations || {})
  if (integrations['Segment.io'] === undefined || integrations['Segment.io'] === true) {
    integrations['Segment.io'] = { apiHost: parts[2] + '/v1', protocol: parts[1] }
  }
  var key = script.getAttribute('data-write-key')
  if (!key || analytics.invoked) return
  analytics.invoked = true
  analytics._writeKey = key
  // What is called before analytics.js is ready is kept in the array, from which it takes it up.
  var names = 'track identify page group alias screen ready reset on once off trackLink trackForm trackSubmit trackClick'
  names += ' user addSourceMiddleware addDestinationMiddleware addIntegrationMiddleware setAnonymousId register debug'
  names.split(' ').forEach(function (name) {
    analytics[name] = function () {
      if (window.analytics.initialized) return window.analytics[name].apply(window.analytics, arguments)
      analytics.push([name].concat(Array.prototype.slice.call(arguments)))
      return analytics
    }
  })
  if (script.getAttribute('data-page') !== 'off') analytics.page()
})()
