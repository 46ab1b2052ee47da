import { createHash, randomBytes } from 'node:crypto'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiClient, variantOf } from '../../stack/client/api-client.ts'
import { startApp, type App } from '../support/servers/app-processes.ts'
import { smallJpeg } from '../support/factories/pictures.ts'

/** Bytes that are not a photo, or not the announced one, end as `failed` with a reason, and nothing of them is kept. */
describe('bad uploads', () => {
  let app: App
  let author: ApiClient

  beforeAll(async () => {
    app = await startApp({
      storageEvents: false,
      env: { MAX_MEGAPIXELS: '10', UPLOAD_EXPIRY_SECONDS: '900' },
    })
    author = await new ApiClient(app.url).signUp(`author-${randomBytes(4).toString('hex')}`)
  })
  afterAll(() => app?.stop())

  const text = (content: string) => async () => Buffer.from(content.padEnd(2_000))
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'

  it.each([
    { what: 'text', type: 'image/jpeg', bytes: text('Hello'), code: 'not_an_image' },
    {
      what: 'HTML',
      type: 'image/jpeg',
      bytes: text('<!doctype html><script>1</script>'),
      code: 'not_an_image',
    },
    { what: 'SVG', type: 'image/png', bytes: text(svg), code: 'not_an_image' },
    { what: 'PDF', type: 'image/jpeg', bytes: text('%PDF-1.7\n1 0 obj'), code: 'not_an_image' },
    {
      what: 'a PNG that says it is a JPEG',
      type: 'image/jpeg',
      bytes: async () =>
        sharp(await smallJpeg())
          .png()
          .toBuffer(),
      code: 'type_mismatch',
    },
    {
      what: 'half a JPEG',
      type: 'image/jpeg',
      bytes: async () => {
        const whole = await smallJpeg()
        return whole.subarray(0, whole.byteLength >> 1)
      },
      code: 'truncated',
    },
    {
      what: '16 megapixels where 10 are allowed',
      type: 'image/png',
      bytes: () =>
        sharp({ create: { width: 4_000, height: 4_000, channels: 3, background: 'red' } })
          .png()
          .toBuffer(),
      code: 'too_many_pixels',
    },
  ])('rejects $what as $code', async ({ type, bytes, code }) => {
    const { photoId } = await author.upload(await bytes(), { contentType: type })
    await author.call('POST', `/v1/photos/${photoId}/complete`, undefined, [200, 202])
    const photo = await author.untilSettled(photoId)
    expect(photo).toMatchObject({ status: 'failed', failure: { code }, variants: [] })
    expect(photo.failure?.detail).toMatch(/\w/)
    const repeated = await author.send('POST', `/v1/photos/${photoId}/complete`)
    expect([repeated.status, repeated.body.photo.status]).toEqual([200, 'failed'])
    expect(await author.walk('/v1/feed')).toEqual([])
  })

  it('accepts only the announced bytes into storage', async () => {
    const bytes = await smallJpeg()
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const { photo, upload } = await author.openUpload({
      contentType: 'image/jpeg',
      bytes: bytes.byteLength,
      sha256,
    })
    const put = async (body: Buffer, headers: Record<string, string> = upload.headers) => {
      const answer = await fetch(upload.url, { method: 'PUT', headers, body })
      await answer.arrayBuffer()
      return answer.status
    }
    expect(await put(Buffer.concat([bytes, Buffer.from('x')]))).toBe(403)
    expect(await put(bytes.subarray(1))).toBe(403)
    expect(await put(Buffer.from(bytes).fill(0, bytes.byteLength - 100))).toBe(400)
    expect(await put(bytes, { ...upload.headers, 'Content-Type': 'image/png' })).toBe(403)
    const answer = await author.send('POST', `/v1/photos/${photo.id}/complete`)
    expect([answer.status, answer.body.code]).toEqual([409, 'not_uploaded'])

    expect(await put(bytes)).toBe(200)
    expect(await put(bytes)).toBe(412)
    await author.call('POST', `/v1/photos/${photo.id}/complete`, undefined, [200, 202])
    expect((await author.untilSettled(photo.id)).status).toBe('ready')
  })

  it('ignores a PUT after completion', async () => {
    const bytes = await smallJpeg(600, 400)
    const other = Buffer.concat([bytes.subarray(0, 2), await smallJpeg(600, 400)]).subarray(
      0,
      bytes.byteLength,
    )
    const { photo, upload } = await author.openUpload({
      contentType: 'image/jpeg',
      bytes: bytes.byteLength,
    })
    await author.put(upload, bytes)
    await author.call('POST', `/v1/photos/${photo.id}/complete`, undefined, [200, 202])
    const ready = await author.untilVariants(photo.id)
    const { url } = variantOf(ready, 'medium_800', 'jpeg')
    const before = Buffer.from(await (await fetch(url)).arrayBuffer())
    const again = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: other })
    await again.arrayBuffer()
    await author.call('POST', `/v1/photos/${photo.id}/complete`, undefined, [200])
    const later = await author.photo(photo.id)
    expect(later.variants.map((v) => [v.name, v.format, v.bytes])).toEqual(
      ready.variants.map((v) => [v.name, v.format, v.bytes]),
    )
    const original = await fetch(variantOf(later, 'original').url, {
      headers: { Authorization: `Bearer ${author.token}` },
    })
    expect(Buffer.from(await original.arrayBuffer()).equals(bytes)).toBe(true)
    expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(before)).toBe(true)
  })

  it('answers 404 for absent uploads and those of others', async () => {
    const other = await new ApiClient(app.url).signUp(`other-${randomBytes(4).toString('hex')}`)
    const { photo } = await author.openUpload({ contentType: 'image/jpeg', bytes: 1_000 })
    for (const id of [photo.id, '0199aa00-1234-7abc-8def-0123456789ab', 'nonsense']) {
      for (const [method, path] of [
        ['POST', `/v1/photos/${id}/complete`],
        ['POST', `/v1/photos/${id}/upload`],
        ['GET', `/v1/photos/${id}/progress`],
        ['DELETE', `/v1/photos/${id}`],
      ] as const) {
        expect((await other.send(method, path)).status, `${method} ${path}`).toBe(404)
      }
    }
  })
})

describe('an upload that never arrives', () => {
  it('is abandoned when it expires, and storage refuses its URL', { timeout: 90_000 }, async () => {
    const app = await startApp({
      storageEvents: false,
      env: { UPLOAD_EXPIRY_SECONDS: '10' },
      processes: ['api', 'orchestration', 'media'],
    })
    try {
      const author = await new ApiClient(app.url).signUp(`author-${randomBytes(4).toString('hex')}`)
      const bytes = await smallJpeg()
      const { photo, upload } = await author.openUpload({
        contentType: 'image/jpeg',
        bytes: bytes.byteLength,
      })
      await author.until(
        'its URL is expired',
        async () => Date.now() > Date.parse(upload.expiresAt) + 1_000,
        20_000,
        250,
      )
      const answer = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: bytes })
      await answer.arrayBuffer()
      expect(answer.status).toBe(403)
      expect((await author.send('POST', `/v1/photos/${photo.id}/complete`)).body.code).toMatch(
        /^(not_uploaded|upload_closed)$/,
      )
    } finally {
      await app.stop()
    }
  })
})
