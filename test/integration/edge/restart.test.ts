import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import {
  ask,
  edgeAt,
  openBucket,
  publicPath,
  setting,
  signedPath,
  storeImage,
} from '../../support/worlds/edge-world.ts'
import { nginxBinary, PrivateEdge } from '../../support/servers/private-edge.ts'

describe.skipIf(!nginxBinary)('a private edge', () => {
  let bucket: ObjectStore
  let edge: PrivateEdge
  const get = (path: string) => ask(edge.url, path)
  const status = async (path: string) => (await get(path)).status

  beforeAll(() => {
    bucket = openBucket()
  })
  afterEach(async () => {
    await edge.remove()
  })
  afterAll(() => {
    bucket.close()
  })

  it.each<[string, () => Promise<void>]>([
    ['a reload', () => edge.reload('up')],
    ['a restart', () => edge.stop().then(() => edge.run())],
    ['kill -9 right after the answer', () => edge.killHard().then(() => edge.run())],
  ])('still denies a cached image after %s', async (_, disturb) => {
    edge = await PrivateEdge.start()
    const [denied, other] = [await storeImage(bucket), await storeImage(bucket)]
    for (const image of [denied, other]) await get(publicPath(image))
    await edgeAt(edge).deny(denied.photoId, 2)
    await disturb()
    expect(await status(publicPath(denied))).toBe(403)
    expect((await get(publicPath(other))).headers['x-cache']).toBe('HIT')
  })

  it.each<[string, () => Promise<void>]>([
    ['a restart', () => edge.stop().then(() => edge.run())],
    ['kill -9', () => edge.killHard().then(() => edge.run())],
  ])('does not find a purged image on its disk after %s', async (_, disturb) => {
    edge = await PrivateEdge.start()
    const gone = await storeImage(bucket)
    await get(publicPath(gone))
    await bucket.delete([gone.key])
    await edgeAt(edge).purge([`/${gone.key}`])
    // The origin's own 404 is cached over the purged entry; neither may uncover the image below.
    await expect
      .poll(async () => (await get(publicPath(gone))).headers['x-cache'], { timeout: 5_000 })
      .not.toBe('HIT')
    await disturb()
    expect(await status(publicPath(gone))).toBe(404)
    await edge.reload('down')
    expect([404, 502]).toContain(await status(publicPath(gone)))
  })

  it('serves, denies and purges its cache while the origin is down', async () => {
    edge = await PrivateEdge.start()
    const cdn = edgeAt(edge)
    const [kept, denied, purged, uncached] = await Promise.all([1, 2, 3, 4].map(() => storeImage(bucket)))
    for (const image of [kept!, denied!, purged!]) await get(publicPath(image))
    await edge.reload('down')

    expect(await get(publicPath(kept!))).toMatchObject({ status: 200, headers: { 'x-cache': 'HIT' } })
    expect(await get(signedPath(uncached!))).toMatchObject({
      status: 502,
      headers: { 'cache-control': 'no-store', 'retry-after': '1' },
    })
    await expect(cdn.findServed([`${edge.url}${publicPath(uncached!)}`])).rejects.toMatchObject({
      code: 'unavailable',
    })

    await cdn.deny(denied!.photoId, 2)
    expect(await status(publicPath(denied!))).toBe(403)

    expect(await cdn.purge([`/${purged!.key}`])).toEqual([`/${purged!.key}`])
    expect(await status(publicPath(purged!))).toBe(404)
    await edge.killHard()
    await edge.run()
    await edge.reload('down')
    expect([404, 502]).toContain(await status(publicPath(purged!)))

    await edge.reload('up')
    await expect.poll(() => status(publicPath(uncached!)), { timeout: 10_000 }).toBe(200)
  })

  it('refuses a deny when its table is full, and forgets none', async () => {
    edge = await PrivateEdge.start({ denyZoneBytes: 32 * 1024 })
    const cdn = edgeAt(edge)
    const first = await storeImage(bucket)
    await cdn.deny(first.photoId, 2)
    const outcomes = await Promise.allSettled(Array.from({ length: 300 }, () => cdn.deny(uuidv7(), 2)))
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(failures.length).toBeGreaterThan(0)
    expect(failures.length).toBeLessThan(300)
    expect(failures[0]!.reason).toMatchObject({ code: 'unavailable', cause: { status: 507 } })
    expect(await status(publicPath(first))).toBe(403)
  })

  it('logs no signature, token or address', async () => {
    edge = await PrivateEdge.start()
    const image = await storeImage(bucket)
    const signature = /s=([\w-]+)/.exec(publicPath(image))![1]!
    await get(publicPath(image))
    await get(`${publicPath(image)}x`)
    await get(publicPath(image).replace('?', '%3F'))
    await edgeAt(edge).purge([`/${image.key}`])
    await edge.reload('down')
    const other = await storeImage(bucket)
    await get(publicPath(other))

    const logs = await edge.logs()
    expect(logs).toContain(`"path":"/${image.key}","status":200`)
    expect(logs).toContain('"upstreamStatus":"502"')
    const otherSignature = /s=([\w-]+)/.exec(publicPath(other))![1]!
    for (const secret of [signature, otherSignature, setting('CDN_PURGE_TOKEN'), '"127.0.0.1"', '?a=']) {
      expect(logs).not.toContain(secret)
    }
  })
})
