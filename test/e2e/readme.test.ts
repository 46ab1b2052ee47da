import { readFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startApp, type App } from '../support/servers/app-processes.ts'

const checkout = join(import.meta.dirname, '..', '..')
let app: App

beforeAll(async () => {
  app = await startApp({ storageEvents: true })
})
afterAll(() => app?.stop())

/** The shell commands below a heading of README.md, as printed. */
async function commandsBelow(heading: string): Promise<string> {
  const readme = await readFile(join(checkout, 'README.md'), 'utf8')
  const [, section] = readme.split(`\n## ${heading}\n`)
  const block = /```sh\n([^]*?)```/.exec(section ?? '')?.[1]
  if (!block) throw new Error(`README.md has no commands below "${heading}"`)
  return block
}

const run = (script: string) =>
  promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: checkout, timeout: 100_000 })

it('the first upload of the README works as printed, and again', async () => {
  const commands = await commandsBelow('A first upload with curl')
  for (const _ of ['first', 'again']) {
    const { stdout, stderr } = await run(commands)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/"status":"(processing|ready)"/)
    expect(stdout).toMatch(/X-Cache: MISS\r?\nX-Cache: HIT\r?\n/)
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^http.*\/variants\/.*medium_800/)
  }
}, 200_000)

it('the first upload of the README shows the error of a request that fails', async () => {
  const commands = await commandsBelow('A first upload with curl')
  const failing = commands.replace('correct horse battery', 'short')
  expect(failing).not.toBe(commands)
  await expect(run(failing)).rejects.toMatchObject({
    stderr: expect.stringContaining('body.password: Too small'),
  })
})
