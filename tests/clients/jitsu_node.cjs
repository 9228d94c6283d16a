// Sends calls by @jitsu/js. Standard input: {"base", "key", "options", "calls"}; see tests/scenarios/clients.py.
// The library gives up at the first failure; its `fetch` option is where an application puts retries.
const { jitsuAnalytics } = require('@jitsu/js')

const told = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const PAUSES_MS = [100, 200, 400, 800, 1600, 3200, 3200, 3200, 3200, 3200]

const persistentFetch = async (url, request) => {
  for (const pause of PAUSES_MS) {
    try {
      const answer = await fetch(url, request)
      if (answer.status !== 429 && answer.status < 500) return answer
    } catch (fault) {
      if (pause === PAUSES_MS.at(-1)) throw fault
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  return fetch(url, request)
}

const client = jitsuAnalytics({
  writeKey: `key:${told.key}`,
  host: told.base,
  fetch: persistentFetch,
  errorPolicy: 'rethrow',
  ...told.options,
})
const send = {
  identify: (call) => client.identify(call.userId, call.traits),
  track: (call) => client.track(call.event, call.properties),
  page: (call) => client.page({ name: call.name, ...call.properties }),
  group: (call) => client.group(call.groupId, call.traits),
}

const main = async () => {
  for (const call of told.calls) {
    if (call.anonymousId) await client.setAnonymousId(call.anonymousId)
    await send[call.call](call)
  }
}
main().then(
  () => process.exit(0),
  (fault) => {
    console.error(fault)
    process.exit(1)
  }
)
