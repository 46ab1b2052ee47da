import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import {
  ask,
  edgeAt,
  OWNER,
  openBucket,
  publicPath,
  setting,
  signedPath,
  storeImage,
  type EdgeAnswer,
} from '../../support/worlds/edge-world.ts'

const edgeUrl = setting('CDN_EDGE_URLS').split(',')[0]!
const adminUrl = setting('CDN_EDGE_ADMIN_URLS').split(',')[0]!
const get = (path: string, headers = {}) => ask(edgeUrl, path, { headers })
const code = (answer: EdgeAnswer) => (JSON.parse(answer.body.toString()) as { code: string }).code

let bucket: ObjectStore
beforeAll(() => {
  bucket = openBucket()
})
afterAll(() => bucket.close())

describe('deny, purge and proof', () => {
  const cdn = edgeAt({ url: edgeUrl, adminUrl })

  it('refuses a cached image at once, whatever its URL, and nothing else', async () => {
    const [denied, other] = [await storeImage(bucket), await storeImage(bucket)]
    const paths = [publicPath(denied), signedPath(denied)]
    for (const path of [...paths, publicPath(other)]) expect((await get(path)).status).toBe(200)

    await cdn.deny(denied.photoId, 2)
    for (const path of paths) {
      const answer = await get(path)
      expect({ status: answer.status, code: code(answer) }).toEqual({ status: 403, code: 'denied' })
      expect((await ask(edgeUrl, path, { method: 'HEAD' })).status).toBe(403)
      expect((await get(path, { range: 'bytes=0-9' })).status).toBe(403)
    }
    // Viewers who may still see it get the old path under the new epoch until the objects have moved.
    expect((await get(signedPath(denied, 2))).status).toBe(200)
    expect((await get(publicPath(other))).status).toBe(200)
  })

  it('never lowers a denied epoch', async () => {
    const denied = await storeImage(bucket)
    await cdn.deny(denied.photoId, 9)
    await cdn.deny(denied.photoId, 2)
    expect((await get(publicPath(denied, 8))).status).toBe(403)
  })

  it('keeps the highest of concurrent denies', async () => {
    const denied = await storeImage(bucket)
    await Promise.all([3, 9, 5, 2, 8, 9, 4, 1].map((epoch) => cdn.deny(denied.photoId, epoch)))
    expect((await get(publicPath(denied, 8))).status).toBe(403)
    expect((await get(publicPath(denied, 9))).status).toBe(200)
  })

  it('caches no object of a denied epoch that it fetches later', async () => {
    const denied = await storeImage(bucket)
    await cdn.deny(denied.photoId, 2)
    expect((await get(signedPath(denied, 2))).headers['x-cache']).toBe('MISS')
    expect((await get(signedPath(denied, 2))).headers['x-cache']).toBe('MISS')
    expect(await cdn.purge([`/${denied.key}`])).toEqual([])
  })

  it('purges a deleted image at once and reports what it found', async () => {
    const gone = await storeImage(bucket)
    await get(publicPath(gone))
    await bucket.delete([gone.key])
    expect((await get(publicPath(gone))).headers['x-cache']).toBe('HIT')

    expect(await cdn.purge([`/${gone.key}`])).toEqual([`/${gone.key}`])
    const answer = await get(publicPath(gone))
    expect({ status: answer.status, code: code(answer) }).toEqual({ status: 404, code: 'not_found' })
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(await cdn.purge([`/${gone.key}`])).toEqual([])
  })

  it('fetches a purged image again if it still exists', async () => {
    const kept = await storeImage(bucket)
    await get(publicPath(kept))
    await cdn.purge([`/${kept.key}`])
    await expect.poll(async () => (await get(publicPath(kept))).status, { timeout: 5_000 }).toBe(200)
    expect((await get(publicPath(kept))).headers['x-cache']).toBe('HIT')
  })

  it('proves that old URLs are refused, but not before they are', async () => {
    const moved = await storeImage(bucket)
    const urls = [publicPath(moved), signedPath(moved)].map((path) => `${setting('CDN_BASE_URL')}${path}`)
    const path = `/${moved.key}`
    expect(await cdn.findServed(urls)).toEqual([
      { path, status: 200 },
      { path, status: 200 },
    ])
    await cdn.deny(moved.photoId, 2)
    expect(await cdn.findServed(urls)).toEqual([])
    expect(await cdn.findServed([...urls, `${edgeUrl}${publicPath(moved, 2)}`])).toEqual([
      { path, status: 200 },
    ])
  })

  it('refuses every photo of a denied account, and no other', async () => {
    const [denied, other] = [await storeImage(bucket), await storeImage(bucket)]
    const owner = { userId: String(Date.now()), accessEpoch: 3 }
    const stranger = { ...owner, userId: `${owner.userId}1` }
    const paths = [publicPath(denied, 1, owner), publicPath(other, 1, owner)]
    for (const path of paths) expect((await get(path)).status).toBe(200)
    await cdn.denyAccount(owner.userId, 4)
    for (const path of paths) {
      const answer = await get(path)
      expect({ status: answer.status, code: code(answer) }).toEqual({ status: 403, code: 'denied' })
    }
    expect((await get(publicPath(denied, 1, { ...owner, accessEpoch: 4 }))).status).toBe(200)
    expect((await get(publicPath(denied, 1, stranger))).status).toBe(200)
  })

  it('refuses only the signed URLs of a denied audience', async () => {
    const image = await storeImage(bucket)
    const owner = { userId: `${Date.now()}2`, accessEpoch: 3 }
    const signed = signedPath(image, 1, new Date(), owner)
    const open = publicPath(image, 1, owner)
    for (const path of [signed, open]) expect((await get(path)).status).toBe(200)
    await cdn.denyAudience(owner.userId, 4)
    const answer = await get(signed)
    expect({ status: answer.status, code: code(answer) }).toEqual({ status: 403, code: 'denied' })
    expect((await get(open)).status).toBe(200)
    expect((await get(signedPath(image, 1, new Date(), { ...owner, accessEpoch: 4 }))).status).toBe(200)
  })

  it('takes no URL without the epoch of an owner', async () => {
    const image = await storeImage(bucket)
    const path = publicPath(image).replace(`&o=${OWNER.userId}.${OWNER.accessEpoch}`, '')
    expect((await get(path)).status).toBe(403)
    expect((await get(publicPath(image).replace('&o=7.', '&o=8.'))).status).toBe(403)
  })

  it('fails for an edge that does not confirm', async () => {
    const denied = await storeImage(bucket)
    const nobody = edgeAt({ url: 'http://127.0.0.1:9', adminUrl: 'http://127.0.0.1:9' })
    const unavailable = { code: 'unavailable' }
    await expect(nobody.deny(denied.photoId, 2)).rejects.toMatchObject(unavailable)
    await expect(nobody.purge([`/${denied.key}`])).rejects.toMatchObject(unavailable)
    await expect(nobody.findServed([`${edgeUrl}${publicPath(denied)}`])).rejects.toMatchObject(unavailable)
  })

  it('obeys only the token', async () => {
    const image = await storeImage(bucket)
    const attempts: [string, string][] = [
      ['PUT', `/_edge/deny/${image.photoId}?min=99`],
      ['GET', `/_edge/purge/${image.key}`],
    ]
    for (const [method, path] of attempts) {
      for (const token of [
        '',
        'wrong',
        `${setting('CDN_PURGE_TOKEN')}x`,
        setting('CDN_PURGE_TOKEN').slice(1),
      ]) {
        expect((await ask(adminUrl, path, { method, headers: { 'x-purge-token': token } })).status).toBe(403)
      }
    }
    expect((await get(publicPath(image))).status).toBe(200)
    const headers = { 'x-purge-token': setting('CDN_PURGE_TOKEN') }
    for (const path of [
      '/_edge/deny/x?min=1',
      `/_edge/deny/${image.photoId}`,
      `/_edge/deny/${image.photoId}?min=-1`,
    ]) {
      expect((await ask(adminUrl, path, { method: 'PUT', headers })).status, path).toBe(400)
    }
    for (const path of [
      '/_edge/purge/',
      '/_edge/purge/originals/x',
      '/_edge_replace/x',
      `/_edge_probe/${image.key}`,
    ]) {
      expect([400, 404], path).toContain((await ask(adminUrl, path, { headers })).status)
    }
  })

  it('is administered only where no client is', async () => {
    const image = await storeImage(bucket)
    const headers = { 'x-purge-token': setting('CDN_PURGE_TOKEN') }
    const requests: [string, string][] = [
      ['PUT', `/_edge/deny/${image.photoId}?min=2`],
      ['GET', `/_edge/purge/${image.key}`],
      ['GET', '/_edge/health'],
      ['GET', '/_edge/tombstone'],
    ]
    for (const [method, path] of requests)
      expect((await ask(edgeUrl, path, { method, headers })).status, path).toBe(404)
    expect((await get(publicPath(image))).status).toBe(200)
    expect((await ask(adminUrl, publicPath(image))).status).toBe(404)
  })
})
