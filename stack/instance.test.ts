import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startInstance, type StartOptions } from './instance.ts'
import { writePrivateJson } from './instance/files.ts'
import { checkoutDir, layoutOf, type Layout } from './instance/layout.ts'
import { identify } from './instance/process.ts'
import { readOwner, writeOwner } from './instance/state.ts'

const name = 'owned'
let dataDir: string
let layout: Layout

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'darkroom-instance-'))
  layout = layoutOf(join(dataDir, name))
})

afterEach(() => {
  rmSync(dataDir, { recursive: true, force: true })
})

/** Starts no server: all of this is about whose the instance is. */
const start = (options: Pick<StartOptions, 'lifetime' | 'given'>) =>
  startInstance({
    dir: layout.dir,
    // Nothing of it runs.
    stack: { root: dataDir } as StartOptions['stack'],
    kind: 'throw-away',
    nodeEnv: 'test',
    only: [],
    report: () => undefined,
    ...options,
  })

describe('an instance whose owner lives', () => {
  const elsewhere = { REDIS_URL: 'redis://cache.example.net:6379', LOG_LEVEL: 'debug' }

  it('keeps owner and settings when servers are started beside it', async () => {
    const owned = await start({ lifetime: 'owned', given: {} })
    const before = [layout.env, layout.settings].map((file) => readFileSync(file, 'utf8'))
    const beside = await start({ lifetime: 'detached', given: elsewhere })
    expect(readOwner(layout)).toEqual(identify(process.pid))
    expect([layout.env, layout.settings].map((file) => readFileSync(file, 'utf8'))).toEqual(before)
    expect(beside.env).toEqual(owned.env)
    expect(beside).toMatchObject({ ports: owned.ports, external: [] })
  })

  it('passes on settings of every kind, and nothing that is none', async () => {
    const given = {
      ACCOUNT_GRACE_DAYS: '30',
      READ_TEXT_IN_PHOTOS: 'true',
      EMBEDDING_URL: 'https://e.example.net',
    }
    const { env } = await start({ lifetime: 'owned', given: { ...given, EDITOR: 'vi' } })
    expect(env).toMatchObject(given)
    expect(env).not.toHaveProperty('EDITOR')
  })

  it('takes no second owner', async () => {
    await start({ lifetime: 'owned', given: {} })
    // The runner of the tests stands for another `npm start`.
    writePrivateJson(join(layout.run, 'owner.json'), identify(process.ppid))
    await expect(start({ lifetime: 'owned', given: {} })).rejects.toThrow(`process ${process.ppid}`)
  })

  it('takes the settings of the next start once the owner is gone', async () => {
    await start({ lifetime: 'owned', given: {} })
    writeOwner(layout, false)
    const { env, external } = await start({ lifetime: 'detached', given: elsewhere })
    expect(env).toMatchObject(elsewhere)
    expect(external).toEqual(['valkey'])
    expect(readOwner(layout)).toBeUndefined()
  })
})

describe('npm run stack', () => {
  const stack = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(checkoutDir, 'stack', 'cli.ts'), ...args], {
      env: { PATH: process.env.PATH, DARKROOM_DATA_DIR: dataDir, DARKROOM_INSTANCE: name },
    })

  it.each(['down', 'reset'])('%s: refuses while the owner of that instance lives', async (verb) => {
    await start({ lifetime: 'owned', given: {} })
    await expect(stack(verb)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        `^the instance ${name} is in use by process ${process.pid}; stop that with Ctrl-C`,
      ),
    })
    expect(readOwner(layout)).toEqual(identify(process.pid))
  })

  it('down: stops one server, or everything once the owner is gone', async () => {
    await start({ lifetime: 'owned', given: {} })
    expect((await stack('down', 'valkey')).stdout).toBe('stopped\n')
    writeOwner(layout, false)
    expect((await stack('down')).stdout).toBe('stopped\n')
  })
})
