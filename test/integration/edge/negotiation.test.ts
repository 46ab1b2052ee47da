import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import { negotiatedKey } from '../../../src/services/photos/object-keys.ts'
import {
  ask,
  edgeAt,
  forge,
  openBucket,
  publicPath,
  setting,
  signedPath,
  storeImage,
  type StoredImage,
} from '../../support/worlds/edge-world.ts'

const edgeUrl = setting('CDN_EDGE_URLS').split(',')[0]!
const get = (path: string, headers = {}) => ask(edgeUrl, path, { headers })
const CHROME = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8'

let bucket: ObjectStore
beforeAll(() => {
  bucket = openBucket()
})
afterAll(() => bucket.close())

type Stored = Record<string, StoredImage>
/** A photo with these objects, as `medium_800.webp`. */
async function storePhoto(...names: string[]): Promise<Stored & { any: StoredImage }> {
  const photoId = uuidv7()
  const images: Stored = {}
  for (const name of names) {
    const [variant, format] = name.split('.') as [string, string]
    images[name] = await storeImage(bucket, { photoId, variant, format, bytes: 2_000 })
  }
  return { ...images, any: images[names[0]!]! }
}
/** The negotiated image of a photo's size. */
const auto = ({ any }: Stored, size = 'medium_800') => ({
  ...any!,
  key: negotiatedKey(any!.key).replace(/[^/]+\.auto$/, `${size}.auto`),
})
/** Which of a photo's objects these bytes are. */
const nameOf = (photo: Stored, body: Buffer) =>
  Object.entries(photo).find(([name, { bytes }]) => name !== 'any' && bytes.equals(body))?.[0]

describe('one URL for all formats', () => {
  it.each<[string, string | undefined, string]>([
    ['AVIF to who names it', CHROME, 'avif'],
    ['WebP to who does not know AVIF', 'image/webp,image/png,*/*;q=0.8', 'webp'],
    ['JPEG to who names neither', 'image/png,image/*;q=0.8,*/*;q=0.5', 'jpeg'],
    ['JPEG to who says nothing', undefined, 'jpeg'],
    ['JPEG to who takes no image at all', 'text/html', 'jpeg'],
    ['WebP to who refuses AVIF', 'image/avif;q=0, image/webp', 'webp'],
    ['WebP to who refuses AVIF elaborately', 'image/avif ; v=1 ; q = 0.000 , image/webp', 'webp'],
    ['AVIF to who takes it last of all', 'IMAGE/AVIF;q=0.001', 'avif'],
    ['JPEG to who has a type like it', 'image/avifs, ximage/webp, image/webp+x', 'jpeg'],
    ['JPEG to who sends what is no list', ';;;,,,=image/avif=,', 'jpeg'],
  ])('gives %s', async (_, accept, format) => {
    const photo = await storePhoto('medium_800.jpeg', 'medium_800.webp', 'medium_800.avif')
    const answer = await get(publicPath(auto(photo)), accept === undefined ? {} : { accept })
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'content-type': `image/${format}`,
        vary: 'Accept, Save-Data',
        'cache-control': 'private, max-age=31536000, immutable',
        'content-disposition': `inline; filename="${photo.any.photoId}-medium_800.${format}"`,
      },
    })
    expect(nameOf(photo, answer.body)).toBe(`medium_800.${format}`)
  })

  it('gives the next smaller size to clients that save data', async () => {
    const photo = await storePhoto(
      'thumb_200.jpeg',
      'thumb_400.jpeg',
      'thumb_400.webp',
      'medium_800.jpeg',
      'medium_800.webp',
    )
    const named = async (size: string, saveData: string) => {
      const answer = await get(publicPath(auto(photo, size)), { accept: 'image/webp', 'save-data': saveData })
      return nameOf(photo, answer.body)
    }
    expect(await named('medium_800', 'on')).toBe('thumb_400.webp')
    expect(await named('medium_800', 'ON; ect=2g')).toBe('thumb_400.webp')
    expect(await named('medium_800', 'off')).toBe('medium_800.webp')
    expect(await named('medium_800', 'one')).toBe('medium_800.webp')
    expect(await named('thumb_400', 'on')).toBe('thumb_200.jpeg')
    expect(await named('thumb_200', 'on')).toBe('thumb_200.jpeg')
  })

  it('takes what is stored until a better format is there', async () => {
    const photo = await storePhoto('medium_800.jpeg', 'medium_800.webp')
    const path = publicPath(auto(photo))
    const early = await get(path, { accept: CHROME, 'save-data': 'on' })
    expect(nameOf(photo, early.body)).toBe('medium_800.webp')
    expect(early.headers).toMatchObject({ 'cache-control': 'private, max-age=60', vary: 'Accept, Save-Data' })

    const avif = await storeImage(bucket, {
      ...photo.any,
      variant: 'medium_800',
      format: 'avif',
      bytes: 2_000,
    })
    await expect
      .poll(async () => (await get(path, { accept: CHROME })).body.equals(avif.bytes), {
        timeout: 12_000,
        interval: 500,
      })
      .toBe(true)
    expect((await get(path, { accept: CHROME })).headers['cache-control']).toMatch(/immutable$/)
  })

  it('answers 404 once nothing is stored', async () => {
    const photo = await storePhoto('thumb_200.jpeg')
    expect(await get(publicPath(auto(photo)), { accept: CHROME })).toMatchObject({
      status: 404,
      headers: { 'cache-control': 'no-store' },
    })
  })

  it('has one cache entry a format, whatever else Accept says', async () => {
    const photo = await storePhoto('medium_800.jpeg', 'medium_800.webp')
    const path = signedPath(auto(photo))
    const caches = []
    for (const accept of ['image/webp', 'image/webp,*/*', 'text/x;q=1, image/webp;q=0.1'])
      caches.push((await get(path, { accept })).headers['x-cache'])
    expect(caches).toEqual(['MISS', 'HIT', 'HIT'])
    expect((await get(publicPath(photo['medium_800.webp']!))).headers).toMatchObject({ 'x-cache': 'HIT' })
    expect((await get(publicPath(photo['medium_800.webp']!))).headers.vary).toBeUndefined()
  })

  it('answers 304 only for the very bytes, and to those who may see them', async () => {
    const photo = await storePhoto('medium_800.jpeg', 'medium_800.webp')
    const path = publicPath(auto(photo))
    const { etag } = (await get(path, { accept: 'image/webp' })).headers
    const again = (accept: string, of = path) => get(of, { accept, 'if-none-match': String(etag) })
    expect(await again('image/webp')).toMatchObject({ status: 304, headers: { vary: 'Accept, Save-Data' } })
    expect((await again('image/jpeg')).status).toBe(200)
    expect((await again('image/webp', path.slice(0, -1))).status).toBe(403)
    await edgeAt({ url: edgeUrl, adminUrl: setting('CDN_EDGE_ADMIN_URLS').split(',')[0]! }).deny(
      photo.any.photoId,
      2,
    )
    expect((await again('image/webp')).status).toBe(403)
  })
})

describe('what a negotiated signature covers', () => {
  it('reaches its size and the next smaller one, and no other object', async () => {
    const names = ['thumb_200', 'thumb_400', 'medium_800', 'large_2048', 'original'].flatMap((size) =>
      ['jpeg', 'webp', 'avif', 'png', 'gif', 'heic'].map((format) => `${size}.${format}`),
    )
    const photo = await storePhoto(...names)
    const reached = new Set<string | undefined>()
    for (const accept of [CHROME, 'image/webp', '*/*', 'image/png', 'image/gif', 'image/heic,original'])
      for (const saveData of ['on', 'off', 'original', '../original'])
        for (const of of [publicPath, signedPath]) {
          const { body } = await get(of(auto(photo)), { accept, 'save-data': saveData })
          reached.add(nameOf(photo, body))
        }
    const sizes = ['medium_800', 'thumb_400']
    const formats = ['avif', 'webp', 'jpeg']
    expect([...reached].toSorted()).toEqual(
      sizes.flatMap((size) => formats.map((format) => `${size}.${format}`)).toSorted(),
    )
  })

  it.each(['original', 'cover', 'constructor', 'auto'])('refuses the signed size %s', async (size) => {
    const photo = await storePhoto('original.jpeg', 'cover.jpeg')
    expect((await get(forge(`/${auto(photo, size).key}`, 1))).status).toBe(403)
  })

  it('is no signature for a single format, and the other way round', async () => {
    const photo = await storePhoto('medium_800.jpeg', 'medium_800.webp')
    const negotiated = publicPath(auto(photo))
    expect((await get(negotiated.replace('.auto', '.jpeg'))).status).toBe(403)
    expect((await get(publicPath(photo['medium_800.jpeg']!).replace('.jpeg', '.auto'))).status).toBe(403)
  })

  it('ends with the photo: denied at once, and gone with its objects', async () => {
    const photo = await storePhoto('medium_800.jpeg', 'medium_800.webp')
    const cdn = edgeAt({ url: edgeUrl, adminUrl: setting('CDN_EDGE_ADMIN_URLS').split(',')[0]! })
    const path = publicPath(auto(photo))
    const url = `${edgeUrl}${path}`
    expect((await get(path, { accept: 'image/webp' })).status).toBe(200)
    expect(await cdn.findServed([url])).not.toEqual([])
    const keys = ['medium_800.jpeg', 'medium_800.webp'].map((name) => photo[name]!.key)
    await bucket.delete(keys)
    await cdn.purge(keys.map((key) => `/${key}`))
    for (const accept of [CHROME, 'image/webp', '*/*']) expect((await get(path, { accept })).status).toBe(404)

    const other = await storePhoto('medium_800.jpeg', 'medium_800.webp')
    await cdn.deny(other.any.photoId, 2)
    for (const accept of [CHROME, '*/*'])
      expect((await get(publicPath(auto(other)), { accept })).status).toBe(403)
    expect((await get(publicPath(auto(other), 2), { accept: CHROME })).status).toBe(200)
  })
})
