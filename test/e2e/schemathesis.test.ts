import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createAccessTokens } from '../../src/services/accounts/access-tokens.ts'
import { buildUser, makePrivate } from '../support/factories/accounts.ts'
import { follow } from '../support/factories/follows.ts'
import { ensureTestTools } from '../../stack/install/test-tools.ts'
import { settle } from '../support/replica.ts'
import { openApiWorld, type ApiWorld } from '../support/worlds/api-world.ts'

const CONFIG_FILE = join(import.meta.dirname, 'schemathesis.toml')
const METRICS_TOKEN = 'm'.repeat(40)
/** Longer than the run. */
const TOKEN_SECONDS = 3_600

let world: ApiWorld
let pythonPath: string

beforeAll(async () => {
  pythonPath = await ensureTestTools(console.log)
  // A namespace that exists, to tell that an upload is over.
  world = await openApiWorld({ METRICS_TOKEN, TEMPORAL_NAMESPACE: 'default' })
}, 300_000)
afterAll(() => world?.close())

it('Schemathesis finds nothing that the OpenAPI document does not say', { timeout: 400_000 }, async () => {
  const { db, api } = world
  const { id, refreshToken } = await world.signUp()
  await world.seedPhoto({ ownerId: id })
  const failedPhotoId = await world.seedPhoto({ ownerId: id, status: 'failed' })
  // The examples of the document name `grace`, and somebody has to have asked to follow.
  const grace = await buildUser(db, 'grace')
  await makePrivate(db, id)
  await follow(db, grace.userId, id)
  await settle(db)

  const { jwtKeys: keys } = api.clients.config
  const tokens = createAccessTokens({ keys, lifetimeSeconds: TOKEN_SECONDS })
  const { accessToken } = await tokens.issue({ userId: id, sessionId: refreshToken.split('.')[0]! })
  const { code, output } = await runSchemathesis({
    ACCESS_TOKEN: accessToken,
    FAILED_PHOTO_ID: failedPhotoId,
  })
  expect(output).toMatch(/\d+ passed/)
  expect(code, output).toBe(0)
})

async function runSchemathesis(env: Record<string, string>): Promise<{ code: number; output: string }> {
  const { api } = world
  const main = 'from schemathesis.cli import schemathesis; schemathesis()'
  const args = ['-c', main, '--no-color', '--config-file', CONFIG_FILE, 'run', `${api.url}/openapi.json`]
  const child = spawn('python3', [...args, '--url', api.url], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      PYTHONPATH: pythonPath,
      METRICS_TOKEN,
      STORAGE_EVENTS_TOKEN: api.clients.config.STORAGE_EVENTS_TOKEN,
      ...env,
    },
  })
  const output = Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = (await once(child, 'exit')) as [number]
  return { code, output: (await output).join('\n') }
}
