// Sends calls by @rudderstack/rudder-sdk-node. Standard input: {"base", "key", "options", "calls"}; see tests/scenarios/clients.py.
const Analytics = require('@rudderstack/rudder-sdk-node')

const told = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const client = new Analytics(told.key, { dataPlaneUrl: told.base, logLevel: 'none', ...told.options })
const sent = told.calls.map(
  ({ call, timestamp, ...fields }) =>
    new Promise((resolve, reject) => {
      const message = timestamp ? { ...fields, timestamp: new Date(timestamp) } : fields
      client[call](message, (fault) => (fault ? reject(fault) : resolve()))
    })
)
const flushAll = async () => {
  while (client.queue.length) await client.flush()
  await client.flush()
  await Promise.all(sent)
}
flushAll().then(
  () => process.exit(0),
  (fault) => {
    console.error(fault)
    process.exit(1)
  }
)
