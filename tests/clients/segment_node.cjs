// Sends calls by @segment/analytics-node. Standard input: {"base", "key", "options", "calls"}; see tests/scenarios/clients.py.
const { Analytics } = require('@segment/analytics-node')

const told = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const client = new Analytics({ writeKey: told.key, host: told.base, ...told.options })
let failures = 0
client.on('error', (fault) => {
  failures += 1
  console.error(fault.code, fault.reason)
})
for (const { call, ...fields } of told.calls) client[call](fields)
client.closeAndFlush({ timeout: 90_000 }).then(() => process.exit(failures ? 1 : 0))
