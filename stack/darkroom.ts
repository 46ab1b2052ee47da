import { existsSync } from 'node:fs'
import { attachInstance } from './instance.ts'
import { givenSettings } from './instance/env.ts'
import { defaultInstance, instanceDir, layoutOf } from './instance/layout.ts'

// `npm run darkroom`: the operator's command line, on the servers that the environment names or on those of the instance.
if (!process.env.DATABASE_URL) {
  const dir = instanceDir(defaultInstance())
  const own = existsSync(layoutOf(dir).settings) ? attachInstance(dir).env : {}
  for (const [name, value] of Object.entries({ ...own, ...givenSettings() })) process.env[name] ??= value
}
await import('../src/cli/darkroom.ts')
