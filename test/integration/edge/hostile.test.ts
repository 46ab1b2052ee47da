import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import { nginxBinary, PrivateEdge } from '../../support/servers/private-edge.ts'
import {
  ask,
  openBucket,
  publicPath,
  setting,
  storeImage,
  type StoredImage,
} from '../../support/worlds/edge-world.ts'

const edgeUrl = setting('CDN_EDGE_URLS').split(',')[0]!
const get = (path: string, headers = {}) => ask(edgeUrl, path, { headers })

let bucket: ObjectStore
beforeAll(() => {
  bucket = openBucket()
})
afterAll(() => bucket.close())

/** Sends bytes as they are. @returns all that came back until the edge closed, or was silent for a second */
async function raw(bytes: string, url = edgeUrl): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => undefined)
  socket.setTimeout(1_000, () => socket.destroy())
  socket.write(bytes)
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}
const statusesOf = (answers: string) =>
  [...answers.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))

describe('headers of a request', () => {
  it.each<[string, Record<string, string>]>([
    ['another host', { host: 'evil.example' }],
    [
      'a forwarded host',
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil' },
    ],
    ['another URL', { 'x-original-url': '/_edge/health', 'x-rewrite-url': '/originals/x' }],
    ['another method', { 'x-http-method-override': 'DELETE', 'x-method-override': 'PURGE' }],
    ['a wish not to cache', { 'cache-control': 'no-cache', pragma: 'no-cache' }],
    ['an account', { cookie: 'session=1', authorization: 'Bearer x' }],
    [
      'a storage',
      { 'x-amz-date': '20200101T000000Z', 'x-amz-security-token': 'x', 'x-accel-redirect': '/x' },
    ],
    ['an odd Accept', { accept: `${'image/avif;q=0,'.repeat(200)}*` }],
  ])('change nothing of what is served or cached: %s', async (_, headers) => {
    const fresh = await storeImage(bucket)
    const path = publicPath(fresh)
    const poisoned = await get(path, headers)
    expect(poisoned.status).toBe(200)
    const next = await get(path)
    expect(next.headers['x-cache']).toBe('HIT')
    for (const answer of [poisoned, next]) {
      expect(answer.body.equals(fresh.bytes)).toBe(true)
      expect(JSON.stringify(answer.headers)).not.toMatch(/evil|session/)
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
  })

  it('cannot make one answer of many ranges, nor poison the whole', async () => {
    const fresh = await storeImage(bucket)
    const path = publicPath(fresh)
    const ranges = Array.from({ length: 100 }, (_, at) => `${at}-`).join(',')
    for (const range of [`bytes=${ranges}`, 'bytes=0-0,-1', 'bytes=9-1', 'bytes=a-b', 'lines=0-1']) {
      const { status, body } = await get(path, { range })
      expect([200, 416], range).toContain(status)
      expect(body.length).toBeLessThanOrEqual(fresh.bytes.length)
    }
    expect((await get(path, { range: 'bytes=-10' })).body.equals(fresh.bytes.subarray(-10))).toBe(true)
    expect((await get(path)).body.equals(fresh.bytes)).toBe(true)
  })

  it('revalidate with an ETag or a date, and a range only of the same bytes', async () => {
    const fresh = await storeImage(bucket)
    const path = publicPath(fresh)
    const { etag, 'last-modified': date } = (await get(path)).headers
    expect((await get(path, { 'if-modified-since': String(date) })).status).toBe(304)
    expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200)
    const range = { range: 'bytes=0-9' }
    expect((await get(path, { ...range, 'if-range': String(etag) })).status).toBe(206)
    expect((await get(path, { ...range, 'if-range': '"other"' })).status).toBe(200)
  })
})

describe('a request that two servers would read differently', () => {
  const target = () => '/variants/x HTTP/1.1\r\nHost: x\r\n'
  it.each<[string, (path: string) => string]>([
    [
      'two lengths',
      (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 30\r\n\r\n`,
    ],
    [
      'a length and chunks',
      (path) =>
        `GET ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET ${target()}\r\n`,
    ],
    [
      'an encoding that is none',
      (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n`,
    ],
    ['a space before a colon', (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nContent-Length : 30\r\n\r\n`],
    ['no host', (path) => `GET ${path} HTTP/1.1\r\n\r\n`],
    ['two hosts', (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n`],
    ['a NUL', (path) => `GET ${path}\0 HTTP/1.1\r\nHost: x\r\n\r\n`],
  ])('is refused and ends the connection: %s', async (_, request) => {
    const fresh = await storeImage(bucket)
    const answers = await raw(request(publicPath(fresh)))
    expect(statusesOf(answers)).toHaveLength(1)
    expect(statusesOf(answers)[0]).toBeGreaterThanOrEqual(400)
    expect((await get(publicPath(fresh))).body.equals(fresh.bytes)).toBe(true)
  })

  it('names a host in its target, which changes nothing', async () => {
    const fresh = await storeImage(bucket)
    const request = (path: string) =>
      `GET http://evil.example${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
    expect(statusesOf(await raw(request(publicPath(fresh))))).toEqual([200])
    expect(statusesOf(await raw(request(publicPath(fresh).slice(0, -1))))).toEqual([403])
    expect(statusesOf(await raw(request('/_edge/health')))).toEqual([404])
  })
})

describe('what looks like another file', () => {
  it.each([
    '/x.css',
    ';x.css',
    '%3bx.css',
    '%2fx.css',
    '%00.css',
    '.css',
    '%0a.css',
    '/..%2fx.js',
    '%23.css',
  ])('is not served under a signed path with %s', async (suffix) => {
    const fresh = await storeImage(bucket)
    const [path, query] = publicPath(fresh).split('?') as [string, string]
    const answer = await get(`${path}${suffix}?${query}`)
    expect([400, 403, 404]).toContain(answer.status)
    expect(answer.headers['x-cache']).toBeUndefined()
  })

  it('is told to be what it is, wherever it is shown', async () => {
    const original = await storeImage(bucket, { variant: 'download', format: 'tiff' })
    // Whatever type it was stored with.
    await bucket.put(original.key, Buffer.from('<script>alert(1)</script>'), 'text/html')
    expect((await get(publicPath(original))).headers).toMatchObject({
      'content-type': 'image/tiff',
      'content-disposition': `attachment; filename="${original.photoId}-download.tiff"`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'cross-origin',
    })
  })
})

describe.skipIf(!nginxBinary)('an edge of its own', () => {
  const edges: PrivateEdge[] = []
  const start = async (overrides: Parameters<typeof PrivateEdge.start>[0]) => {
    edges.push(await PrivateEdge.start(overrides))
    return edges.at(-1)!
  }
  afterAll(() => Promise.all(edges.map((edge) => edge.remove())))
  const originFetches = async (edge: PrivateEdge, { key }: StoredImage) =>
    (await edge.logs())
      .split('\n')
      .filter((line) => line.includes(`"path":"/${key}"`) && /"cache":"MISS"/.test(line)).length

  it('asks the origin once for 1,000 concurrent misses', async () => {
    const edge = await start({ unlimitedFrom: ['127.0.0.0/8'] })
    const fresh = await storeImage(bucket, { bytes: 200_000 })
    const path = publicPath(fresh)
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask(edge.url, path)))
    expect(answers.filter(({ body }) => body.equals(fresh.bytes))).toHaveLength(1_000)
    expect(await originFetches(edge, fresh)).toBe(1)
  }, 60_000)

  it('limits the requests and connections of one network, and no others', async () => {
    const edge = await start({ requestsPerSecond: 5 })
    const fresh = await storeImage(bucket)
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(edge.url, publicPath(fresh))))
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].toSorted()).toEqual([200, 429])
    const refused = answers.find(({ status }) => status === 429)!
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' })
    expect(refused.body.toString()).toBe('{"code":"rate_limited"}\n')
  })

  it('lets slow readers take their share of connections only', async () => {
    const edge = await start({ connectionsPerClient: 4 })
    const large = await storeImage(bucket, { bytes: 20_000_000 })
    expect((await ask(edge.url, publicPath(large))).status).toBe(200)
    const { hostname, port } = new URL(edge.url)
    const readers = Array.from({ length: 4 }, () => {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => undefined)
      socket.pause()
      socket.write(`GET ${publicPath(large)} HTTP/1.1\r\nHost: x\r\n\r\n`)
      return socket
    })
    await expect
      .poll(async () => (await ask(edge.url, publicPath(large), { method: 'HEAD' })).status)
      .toBe(429)
    for (const socket of readers) socket.destroy()
    await expect
      .poll(async () => (await ask(edge.url, publicPath(large), { method: 'HEAD' })).status)
      .toBe(200)
  }, 30_000)

  it('serves what has grown old while it asks anew, but not what is gone', async () => {
    const edge = await start({ freshSeconds: 1 })
    const [kept, gone] = [await storeImage(bucket), await storeImage(bucket)]
    for (const image of [kept, gone]) expect((await ask(edge.url, publicPath(image))).status).toBe(200)
    await bucket.delete([gone.key])
    const cacheOf = async () => (await ask(edge.url, publicPath(kept))).headers['x-cache']
    await expect.poll(cacheOf, { timeout: 5_000 }).toBe('STALE')
    await expect.poll(cacheOf, { timeout: 5_000 }).toBe('HIT')
    await expect
      .poll(async () => (await ask(edge.url, publicPath(gone))).status, { timeout: 5_000 })
      .toBe(404)

    await edge.reload('down')
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect(await ask(edge.url, publicPath(kept))).toMatchObject({ status: 200 })
    expect([404, 502]).toContain((await ask(edge.url, publicPath(gone))).status)
  }, 30_000)

  it('lets a front CDN keep public images for as long as it is told', async () => {
    const edge = await start({ sharedSeconds: 600 })
    const fresh = await storeImage(bucket)
    expect((await ask(edge.url, publicPath(fresh))).headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, s-maxage=600, immutable',
      'cdn-cache-control': 'max-age=600',
      'surrogate-control': 'max-age=600',
    })
  })
})
