import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import {
  ask,
  forge,
  openBucket,
  publicPath,
  setting,
  signedPath,
  storeImage,
  type EdgeAnswer,
  type StoredImage,
} from '../../support/worlds/edge-world.ts'

const edgeUrl = setting('CDN_EDGE_URLS').split(',')[0]!
const get = (path: string, headers = {}) => ask(edgeUrl, path, { headers })
const code = (answer: EdgeAnswer) => (JSON.parse(answer.body.toString()) as { code: string }).code
const nowSeconds = () => Math.floor(Date.now() / 1000)

let bucket: ObjectStore
let image: StoredImage
beforeAll(async () => {
  bucket = openBucket()
  image = await storeImage(bucket)
})
afterAll(() => bucket.close())

describe('serving', () => {
  it('fetches a public image once, then serves it from its cache', async () => {
    const fresh = await storeImage(bucket)
    const first = await get(publicPath(fresh))
    expect(first).toMatchObject({ status: 200, headers: { 'x-cache': 'MISS', 'content-type': 'image/webp' } })
    expect(first.body.equals(fresh.bytes)).toBe(true)

    const second = await get(publicPath(fresh))
    expect(second.body.equals(fresh.bytes)).toBe(true)
    expect(second.headers).toMatchObject({
      'x-cache': 'HIT',
      'cache-control': 'private, max-age=31536000, immutable',
      'cdn-cache-control': 'no-store',
      'surrogate-control': 'no-store',
      'access-control-allow-origin': '*',
      'x-content-type-options': 'nosniff',
      etag: first.headers.etag,
    })
  })

  it('reveals nothing of the storage behind it', async () => {
    const { headers } = await get(publicPath(image))
    expect(Object.keys(headers).filter((name) => /amz|seaweed|^vary$|^set-cookie$/.test(name))).toEqual([])
    const absent = await get(publicPath({ ...image, key: image.key.replace('thumb_200', 'medium_800') }))
    expect(absent.status).toBe(404)
    expect(absent.body.toString()).toBe('{"code":"not_found"}\n')
    expect(absent.headers['cache-control']).toBe('no-store')
  })

  it('serves a signed image until its signature expires', async () => {
    const answer = await get(signedPath(image))
    expect(answer.status).toBe(200)
    const [, maxAgeSeconds] = /^private, max-age=(\d+)$/.exec(String(answer.headers['cache-control'])) ?? []
    expect(Number(maxAgeSeconds)).toBeGreaterThan(290)
    expect(Number(maxAgeSeconds)).toBeLessThanOrEqual(600)
  })

  it('shares one cache entry among differently signed URLs', async () => {
    const fresh = await storeImage(bucket)
    const expiring = (inSeconds: number) => forge(`/${fresh.key}`, 1, nowSeconds() + inSeconds)
    const paths = [expiring(120), expiring(240), publicPath(fresh), publicPath(fresh, 7)]
    expect(new Set(paths).size).toBe(4)
    const caches = []
    for (const path of paths) caches.push((await get(path)).headers['x-cache'])
    expect(caches).toEqual(['MISS', 'HIT', 'HIT', 'HIT'])
  })

  it('asks the origin once for 100 concurrent first requests', async () => {
    // Large enough that without a lock nearly all would miss (91 of 100, tried).
    const fresh = await storeImage(bucket, { bytes: 1_000_000 })
    const answers = await Promise.all(Array.from({ length: 100 }, () => get(signedPath(fresh))))
    expect(answers.every((answer) => answer.body.equals(fresh.bytes))).toBe(true)
    expect(answers.filter((answer) => answer.headers['x-cache'] === 'MISS')).toHaveLength(1)
    expect(answers.filter((answer) => answer.headers['x-cache'] === 'HIT')).toHaveLength(99)
  })

  it('answers ranges, HEAD and conditional requests, cached or not', async () => {
    const fresh = await storeImage(bucket)
    const head = await ask(edgeUrl, publicPath(fresh), { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, headers: { 'x-cache': 'MISS', 'content-length': '40000' } })
    expect(head.body).toHaveLength(0)

    const range = await get(publicPath(fresh), { range: 'bytes=100-199' })
    expect(range).toMatchObject({
      status: 206,
      headers: { 'content-range': 'bytes 100-199/40000', 'x-cache': 'HIT' },
    })
    expect(range.body.equals(fresh.bytes.subarray(100, 200))).toBe(true)
    expect((await get(publicPath(fresh), { range: 'bytes=50000-' })).status).toBe(416)
    expect((await get(publicPath(fresh), { 'if-none-match': String(head.headers.etag) })).status).toBe(304)

    const other = await storeImage(bucket)
    const uncached = await get(publicPath(other), { range: 'bytes=0-9' })
    expect(uncached).toMatchObject({ status: 206, headers: { 'x-cache': 'MISS' } })
    expect((await get(publicPath(other))).body.equals(other.bytes)).toBe(true)
  })

  it('is healthy', async () => {
    const answer = await ask(setting('CDN_EDGE_ADMIN_URLS').split(',')[0]!, '/_edge/health')
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } })
    expect(JSON.parse(answer.body.toString())).toEqual({ status: 'ok' })
  })

  it('accepts no other method', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PURGE', 'TRACE']) {
      expect((await ask(edgeUrl, publicPath(image), { method })).status, method).toBe(405)
    }
  })
})

describe('signatures', () => {
  it.each<[string, string, (image: StoredImage) => string]>([
    ['no query', 'bad_signature', ({ key }) => `/${key}`],
    ['no signature', 'bad_signature', (image) => publicPath(image).replace(/&s=.*/, '')],
    ['an empty signature', 'bad_signature', (image) => publicPath(image).replace(/&s=.*/, '&s=')],
    ['a signature cut short', 'bad_signature', (image) => publicPath(image).slice(0, -1)],
    ['a signature with an addition', 'bad_signature', (image) => `${publicPath(image)}A`],
    [
      'a changed signature',
      'bad_signature',
      (image) => publicPath(image).replace(/s=(.)/, (_, first) => `s=${first === 'A' ? 'B' : 'A'}`),
    ],
    ['another path', 'bad_signature', (image) => publicPath(image).replace('thumb_200', 'medium_800')],
    ['another photo', 'bad_signature', (image) => publicPath(image).replace(image.photoId, uuidv7())],
    ['another epoch in the path', 'bad_signature', (image) => publicPath(image).replace('/1/', '/2/')],
    ['a raised access epoch', 'bad_signature', (image) => publicPath(image).replace('a=1', 'a=2')],
    [
      'an access epoch written otherwise',
      'bad_signature',
      (image) => publicPath(image).replace('a=1', 'a=01'),
    ],
    [
      'a later expiry',
      'bad_signature',
      (image) => signedPath(image).replace(/e=(\d+)/, (_, e) => `e=${Number(e) + 1}`),
    ],
    ['its expiry taken away', 'bad_signature', (image) => signedPath(image).replace(/e=\d+&/, '')],
    [
      'an expiry added',
      'bad_signature',
      (image) => publicPath(image).replace('&s', `&e=${nowSeconds() + 60}&s`),
    ],
    ['its parameters doubled', 'bad_signature', (image) => `${publicPath(image)}&a=2`],
    [
      'a parameter for the storage',
      'bad_signature',
      (image) => `${publicPath(image)}&response-content-type=text/html`,
    ],
    ['an expiry passed by a second', 'expired', ({ key }) => forge(`/${key}`, 1, nowSeconds() - 1)],
    [
      'an expiry passed by a window',
      'expired',
      (image) => signedPath(image, 1, new Date(Date.now() - 600_000)),
    ],
    ['an hour to live', 'bad_signature', ({ key }) => forge(`/${key}`, 1, nowSeconds() + 3600)],
  ])('refuses a URL with %s, cached or not', async (_, expected, tamper) => {
    const fresh = await storeImage(bucket)
    for (const round of ['before', 'after'] as const) {
      const answer = await get(tamper(fresh))
      expect({ round, status: answer.status, code: code(answer) }).toEqual({
        round,
        status: 403,
        code: expected,
      })
      expect(answer.headers['cache-control']).toBe('no-store')
      expect((await get(signedPath(fresh))).status).toBe(200)
    }
  })
})

describe('what is not a variant', () => {
  const secret = Buffer.from('an original that must never leave '.repeat(50))
  let photoId: string
  beforeAll(async () => {
    photoId = uuidv7()
    await bucket.put(`originals/${photoId}`, secret, 'image/jpeg')
    await bucket.put(`incoming/${photoId}`, secret, 'image/jpeg')
    await storeImage(bucket, { photoId })
  })

  const variant = (id: string) => `/variants/${id}/1/thumb_200.webp`
  it.each<[string, (id: string) => string]>([
    ['an original', (id) => `/originals/${id}`],
    ['an upload', (id) => `/incoming/${id}`],
    ['the bucket', () => '/'],
    ['the bucket by name', (id) => `/${setting('S3_BUCKET')}/originals/${id}`],
    ['dots', (id) => `/variants/../originals/${id}`],
    ['encoded dots', (id) => `/variants/%2e%2e/originals/${id}`],
    ['encoded slashes', (id) => `/variants/..%2foriginals%2f${id}`],
    ['dots behind a variant', (id) => `${variant(id)}/../../../../originals/${id}`],
    ['encoded dots behind a variant', (id) => `${variant(id)}%2f..%2f..%2f..%2f..%2foriginals%2f${id}`],
    ['doubly encoded dots', (id) => `/variants/%252e%252e/originals/${id}`],
    ['backslashes', (id) => `/variants/..\\originals\\${id}`],
    ['two slashes', (id) => `//originals/${id}`],
    ['dots before a variant', (id) => `/originals/..${variant(id)}`],
    ['a variant with two slashes', (id) => variant(id).replace('/1/', '//1/')],
    ['a variant with an encoded slash', (id) => variant(id).replace('/1/', '%2f1/')],
    ['a variant with an encoded letter', (id) => variant(id).replace('thumb', '%74humb')],
    ['a variant in upper case', (id) => variant(id.toUpperCase())],
    ['a variant with a trailing slash', (id) => `${variant(id)}/`],
    ['a variant with a trailing newline', (id) => `${variant(id)}%0a`],
    ['a NUL', (id) => `/originals/${id}%00.webp`],
    ['a variant that browsers would execute', (id) => variant(id).replace('webp', 'svg')],
  ])('is out of reach even with a valid signature: %s', async (_, pathOf) => {
    const answer = await get(forge(pathOf(photoId), 1))
    expect([400, 404]).toContain(answer.status)
    expect(answer.body.includes(secret.subarray(0, 30))).toBe(false)
    expect(answer.headers['x-cache']).toBeUndefined()
  })

  it('is refused by the storage itself', async () => {
    const accessKeyId = setting('EDGE_S3_ACCESS_KEY_ID')
    if (accessKeyId === setting('S3_ACCESS_KEY_ID')) return // an external storage without an account for the edge
    const client = new S3Client({
      endpoint: setting('S3_ENDPOINT'),
      region: setting('S3_REGION'),
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey: setting('EDGE_S3_SECRET_ACCESS_KEY') },
    })
    for (const Key of [`originals/${photoId}`, `incoming/${photoId}`]) {
      await expect(client.send(new GetObjectCommand({ Bucket: setting('S3_BUCKET'), Key }))).rejects.toThrow()
    }
    client.destroy()
  })
})
