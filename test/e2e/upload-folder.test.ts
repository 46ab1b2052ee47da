import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiClient, type PhotoAnswer } from '../../stack/client/api-client.ts'
import { noisyImage } from '../support/factories/images.ts'
import { startApp, type App } from '../support/servers/app-processes.ts'
import { runUpload } from '../support/servers/cli-processes.ts'

const SMALL = 8
const PARTED_BYTES = 20_000_000
const TAKEN = 1_593_891_045

const noisyJpeg = (width: number, height: number) => noisyImage(width, height).jpeg().toBuffer()

/** `darkroom upload` as people run it. */
describe('a folder', () => {
  let app: App
  let folder: string
  let user: string

  beforeAll(async () => {
    app = await startApp({ storageEvents: false, processes: ['api', 'orchestration', 'media'] })
    folder = await mkdtemp(join(tmpdir(), 'darkroom-test-upload-'))
    user = `importer-${randomBytes(4).toString('hex')}`
    await new ApiClient(app.url).signUp(user)
    await fill()
  })
  afterAll(async () => {
    await app?.stop()
    if (folder) await rm(folder, { recursive: true })
  })

  async function fill(): Promise<void> {
    const album = join(folder, 'Photos from 2020')
    await mkdir(album)
    await mkdir(join(folder, '.thumbnails'))
    const small = await Promise.all(Array.from({ length: SMALL }, (_, n) => noisyJpeg(300, 200 + n)))
    for (const [n, bytes] of small.entries()) await writeFile(join(album, `${n}.jpg`), bytes)
    await writeFile(join(folder, 'again.jpg'), small[0]!)
    await writeFile(join(folder, '.thumbnails', 'hidden.jpg'), small[0]!)
    await writeFile(join(folder, 'film.mp4'), randomBytes(1_000))
    await writeFile(join(folder, 'cut.jpg'), (await noisyJpeg(400, 300)).subarray(0, 20_000))
    // Without a time of its own.
    const drawn = sharp({ create: { width: 50, height: 40, channels: 3, background: 'red' } })
    await writeFile(join(album, 'drawn.png'), await drawn.png().toBuffer())
    const sidecar = {
      description: 'On the ridge',
      photoTakenTime: { timestamp: String(TAKEN) },
      geoData: { latitude: 47.5, longitude: 8.5 },
    }
    await writeFile(join(album, 'drawn.png.supplemental-metadata.json'), JSON.stringify(sidecar))
    await writeFile(join(album, '1.jpg.json'), '{ broken')
    await writeFile(join(album, 'in-parts.png'), await largePng())
  }

  async function largePng(): Promise<Buffer> {
    const [width, height] = [3_000, Math.ceil(PARTED_BYTES / 9_000)]
    const raw = { width, height, channels: 3 as const }
    return sharp(randomBytes(width * height * 3), { raw })
      .png({ compressionLevel: 0 })
      .toBuffer()
  }

  const run = (...options: string[]) => runIn(folder, ...options)

  const runIn = (root: string, ...options: string[]) => runUpload(root, { server: app.url, user }, ...options)

  const photos = async () => {
    const client = await new ApiClient(app.url).signIn(user)
    return client.walk<PhotoAnswer>(`/v1/users/${user}/photos`, 100)
  }

  it('that is interrupted goes on where it was, with nothing twice or lost', async () => {
    const first = run('--parallel', '1', '--visibility', 'private')
    while ((await photos()).length < 3) await new Promise((resolve) => setTimeout(resolve, 50))
    first.child.kill('SIGINT')
    const interrupted = await first.ended
    expect(interrupted).toMatchObject({ code: 130 })
    expect(interrupted.stderr).toContain('run the same command again')

    const second = await run('--json', '--visibility', 'private').ended
    expect(second).toMatchObject({ code: 1, stderr: '' })
    const lines = second.stdout
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line) as never)
    const of = (name: string) => lines.find(({ file }) => String(file).endsWith(name))
    expect(lines).toHaveLength(SMALL + 4)
    expect(lines.filter(({ outcome }) => outcome === 'present').length).toBeGreaterThan(1)
    expect(of('cut.jpg')).toMatchObject({ outcome: 'refused', code: 'truncated' })
    // By the first run, if it came so far.
    expect(['uploaded', 'present']).toContain(of('in-parts.png')?.outcome)
    expect(lines.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(1)
    expect(lines.filter(({ outcome }) => outcome === 'failed')).toEqual([])

    // Each of the small ones, the drawn one and the one in parts.
    const all = await photos()
    expect(all).toHaveLength(SMALL + 2)
    expect(all.every(({ visibility, status }) => visibility === 'private' && status === 'ready')).toBe(true)
    expect(all.find(({ caption }) => caption === 'On the ridge')).toMatchObject({
      takenAt: '2020-07-04T19:30:45+00:00',
      location: { latitude: 47.5, longitude: 8.5 },
    })
  })

  it('that is there already is skipped, and refusals are named', async () => {
    const { code, stdout, stderr } = await run().ended
    expect(code).toBe(1)
    expect(stderr).toContain(`${SMALL + 4} photos`)
    expect(stderr).toContain('1 other files')
    expect(stdout).toMatch(/^refused: cut\.jpg: truncated: \w/m)
    expect(stdout).toMatch(new RegExp(`^0 uploaded, ${SMALL + 2} were there, 1 repeated, 1 refused$`, 'm'))
    expect(await photos()).toHaveLength(SMALL + 2)
  })

  it('is uploaded by a personal access token of the scopes that it takes', async () => {
    const client = await new ApiClient(app.url).signIn(user)
    const tokenOf = async (...scopes: string[]) =>
      (await client.call<{ secret: string }>('POST', '/v1/me/tokens', { name: 'Nightly', scopes })).secret
    const later = join(folder, 'later')
    await mkdir(later)
    await writeFile(join(later, 'new.jpg'), await noisyJpeg(120, 90))
    const by = async (token: string) => runUpload(later, { server: app.url, token }).ended
    const refused = await by(await tokenOf('read'))
    expect(refused.code).toBe(1)
    expect(refused.stdout + refused.stderr).toContain('needs the scope upload')
    expect(await by(await tokenOf('read', 'upload'))).toMatchObject({ code: 0 })
    expect(await photos()).toHaveLength(SMALL + 3)
  })

  it('is refused for whoever cannot sign in, and for no folder', async () => {
    const wrong = await run('--user', 'nobody').ended
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toContain('wrong user name or password')
    const none = await runIn(join(folder, 'none')).ended
    expect(none).toMatchObject({ code: 1, stdout: '' })
    expect(none.stderr).toMatch(/^darkroom: there is no .*none$/m)
  })
})
