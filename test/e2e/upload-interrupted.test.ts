import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { ApiClient, type PhotoAnswer } from '../../stack/client/api-client.ts'
import { noisyImage } from '../support/factories/images.ts'
import { startApp, type App } from '../support/servers/app-processes.ts'
import { runUpload } from '../support/servers/cli-processes.ts'
import { openHttpProxy, type HttpProxy, type Pass } from '../support/servers/http-proxy.ts'

/** Three parts: two of 8 MiB, and what is left. */
const PARTS = 3
const [WIDTH, HEIGHT] = [3_000, 2_200]

type Rule = (asked: IncomingMessage, answer: ServerResponse, pass: Pass) => void
const passAll: Rule = (_asked, _answer, pass) => pass()

/** `darkroom upload` before an API and a storage that are slow, busy, or not there in time. */
describe('an upload', () => {
  let app: App
  let [api, storage]: HttpProxy[] = []
  let [ruleOfApi, ruleOfStorage]: [Rule, Rule] = [passAll, passAll]
  let folder: string
  let user: string

  beforeAll(async () => {
    storage = await openHttpProxy(loadConfig().S3_ENDPOINT, (...all) => ruleOfStorage(...all))
    app = await startApp({
      storageEvents: false,
      processes: ['api', 'orchestration', 'media'],
      env: { S3_PUBLIC_ENDPOINT: storage.url },
    })
    api = await openHttpProxy(app.url, (...all) => ruleOfApi(...all))
  })
  beforeEach(async () => {
    ;[ruleOfApi, ruleOfStorage] = [passAll, passAll]
    folder = await mkdtemp(join(tmpdir(), 'darkroom-test-upload-'))
    user = `importer-${randomBytes(4).toString('hex')}`
    await new ApiClient(app.url).signUp(user)
    return () => rm(folder, { recursive: true })
  })
  afterAll(async () => {
    await app?.stop()
    await api?.close()
    await storage?.close()
  })

  const upload = () => runUpload(folder, { server: api!.url, user })
  const photos = async () => {
    const client = await new ApiClient(app.url).signIn(user)
    return client.walk<PhotoAnswer>(`/v1/users/${user}/photos`, 100)
  }

  async function writeParted(): Promise<void> {
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 as const }
    const png = sharp(randomBytes(WIDTH * HEIGHT * 3), { raw }).png({ compressionLevel: 0 })
    await writeFile(join(folder, 'in-parts.png'), await png.toBuffer())
  }

  /** Lets one of the parts through that are asked for, and holds the others. */
  function letOnePartThrough() {
    const asked = new Set<number>()
    const arrived: number[] = []
    ruleOfStorage = (request, answer, pass) => {
      const number = partOf(request)
      asked.add(number)
      if (asked.size > 1) return
      answer.once('finish', () => arrived.push(number))
      pass()
    }
    return { asked, arrived }
  }

  /** Counts what is asked for, and lets it through. */
  function letAllThrough(): number[] {
    const asked: number[] = []
    ruleOfStorage = (request, _answer, pass) => {
      asked.push(partOf(request))
      pass()
    }
    return asked
  }

  it('that is interrupted, then killed within a file sends no part again', async () => {
    await writeParted()
    const here: number[] = []
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const { asked, arrived } = letOnePartThrough()
      const run = upload()
      await vi.waitUntil(() => arrived.length === 1, { timeout: 30_000 })
      run.child.kill(signal)
      expect(await run.ended).toMatchObject({ code: signal === 'SIGINT' ? 130 : null })
      expect([...asked].filter((number) => here.includes(number))).toEqual([])
      here.push(...arrived)
    }
    const asked = letAllThrough()
    expect(await upload().ended).toMatchObject({ code: 0, stdout: '1 uploaded\n' })
    expect([...here, ...asked].toSorted()).toEqual(Array.from({ length: PARTS }, (_, n) => n + 1))
    expect(await photos()).toMatchObject([{ status: 'ready', width: WIDTH, height: HEIGHT }])
  })

  it('that is interrupted twice ends at once, and goes on next time', async () => {
    await writeParted()
    const { arrived } = letOnePartThrough()
    const run = upload()
    await vi.waitUntil(() => arrived.length === 1, { timeout: 30_000 })
    run.child.kill('SIGINT')
    run.child.kill('SIGTERM')
    expect(await run.ended).toMatchObject({ code: 130 })
    const rest = letAllThrough()
    expect(await upload().ended).toMatchObject({ code: 0 })
    expect([...arrived, ...rest].toSorted()).toEqual(Array.from({ length: PARTS }, (_, n) => n + 1))
    expect(await photos()).toMatchObject([{ status: 'ready' }])
  })

  it('waits as long as Retry-After says, at the API and at the storage', async () => {
    await writeFile(join(folder, 'one.jpg'), await noisyImage(300, 200).jpeg().toBuffer())
    const [opening, completing, putting]: [number[], number[], number[]] = [[], [], []]
    ruleOfApi = (asked, answer, pass) => {
      const { pathname } = new URL(asked.url!, app.url)
      const tries = pathname === '/v1/photos' ? opening : pathname.endsWith('/complete') ? completing : []
      if (pathname === '/v1/photos') busy(tries, { answer, pass }, 429, '2')
      else if (pathname.endsWith('/complete')) busy(tries, { answer, pass }, 503, inSeconds(2))
      else pass()
    }
    ruleOfStorage = (_asked, answer, pass) => busy(putting, { answer, pass }, 503, '1')
    expect(await upload().ended).toMatchObject({ code: 0, stdout: '1 uploaded\n' })
    expect(gap(opening)).toBeGreaterThanOrEqual(2_000)
    // A date has no milliseconds.
    expect(gap(completing)).toBeGreaterThanOrEqual(1_000)
    expect(gap(putting)).toBeGreaterThanOrEqual(1_000)
    expect(await photos()).toHaveLength(1)
  })

  it('outlasts a rate limit that is met again and again', async () => {
    await writeFile(join(folder, 'one.jpg'), await noisyImage(300, 200).jpeg().toBuffer())
    let refused = 0
    ruleOfApi = (asked, answer, pass) => {
      if (!asked.url!.endsWith('/lookup') || ++refused > 8) return pass()
      answer.writeHead(429, { 'Retry-After': '1' }).end('{"code":"rate_limited"}')
    }
    expect(await upload().ended).toMatchObject({ code: 0, stdout: '1 uploaded\n' })
    expect(refused).toBeGreaterThan(8)
  })
})

const partOf = ({ url }: IncomingMessage): number =>
  Number(new URL(url!, 'http://storage').searchParams.get('partNumber'))
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString()
const gap = ([first, second]: number[]): number => second! - first!

/** Says so the first time, and is there the second. */
function busy(
  tries: number[],
  { answer, pass }: { answer: ServerResponse; pass: Pass },
  status: number,
  retryAfter: string,
): void {
  tries.push(performance.now())
  if (tries.length > 1) return pass()
  answer.writeHead(status, { 'Retry-After': retryAfter, 'Content-Type': 'application/problem+json' })
  answer.end(JSON.stringify({ code: status === 429 ? 'rate_limited' : 'unavailable' }))
}
