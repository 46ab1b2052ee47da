import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startApp, type App } from '../support/servers/app-processes.ts'

const checkout = join(import.meta.dirname, '..', '..')
let app: App
let instance: string

beforeAll(async () => {
  app = await startApp({ storageEvents: false, processes: ['api', 'orchestration', 'media'] })
  // The settings that the commands read are those of `npm start`; here the API has a port of its own.
  instance = await mkdtemp(join(tmpdir(), 'darkroom-readme-'))
  const photos = process.env.DARKROOM_SAMPLE_PHOTOS!
  await writeFile(join(instance, 'env'), `PUBLIC_URL=${app.url}\nDARKROOM_SAMPLE_PHOTOS='${photos}'\n`)
})
afterAll(async () => {
  await app?.stop()
  if (instance) await rm(instance, { recursive: true })
})

/** The shell commands below a heading of README.md, as printed. */
async function commandsBelow(heading: string): Promise<string> {
  const readme = await readFile(join(checkout, 'README.md'), 'utf8')
  const [, section] = readme.split(`\n## ${heading}\n`)
  const block = /```sh\n([^]*?)```/.exec(section ?? '')?.[1]
  if (!block) throw new Error(`README.md has no commands below "${heading}"`)
  return block
}

const run = (script: string) =>
  promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: checkout,
    env: { ...process.env, DARKROOM_INSTANCE_DIR: instance },
    timeout: 100_000,
  })

it("the README's first upload works as printed, and again", async () => {
  const commands = await commandsBelow('A first upload with curl')
  for (const _ of ['first', 'again']) {
    const { stdout, stderr } = await run(commands)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/"status":"(processing|ready)"/)
    expect(stdout).toMatch(/X-Cache: MISS\r?\nX-Cache: HIT\r?\n/)
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^http.*\/variants\/.*medium_800/)
  }
}, 200_000)

it("the README's share link shows an album until it is revoked", async () => {
  const upload = await commandsBelow('A first upload with curl')
  const { stdout, stderr } = await run(
    `{ ${upload} } > /dev/null; ${await commandsBelow('Share an album by link')}`,
  )
  expect(stderr).toBe('')
  const [shared, ...statuses] = stdout.trim().split('\n')
  expect(JSON.parse(shared!)).toMatchObject({ album: { title: 'Launch' }, items: [{ tags: ['space'] }] })
  expect(statuses).toEqual(['200', '404', '403'])
}, 200_000)

it("the README's first upload shows the error of a failed request", async () => {
  const commands = await commandsBelow('A first upload with curl')
  const failing = commands.replace('correct horse battery', 'short')
  expect(failing).not.toBe(commands)
  await expect(run(failing)).rejects.toMatchObject({
    stderr: expect.stringContaining('body.password: At least 8 characters'),
  })
})
