import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sweepStorage } from '../../../src/services/accounts/sweep-storage.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld({
    MAX_UPLOAD_BYTES: '1000',
    MAX_ACCOUNT_BYTES: '1000',
    MAX_ACCOUNT_PHOTOS: '6',
    MAX_MEGAPIXELS: '50',
    MAX_MEGAPIXELS_PER_HOUR: '325',
  })
})
afterAll(() => world?.close())

const open = (person: Person, bytes: number, more: object = {}) =>
  world.call('POST', '/v1/photos', {
    token: person.token,
    body: { contentType: 'image/jpeg', bytes, ...more },
  })
const quotaOf = async (person: Person) =>
  (await world.call('GET', '/v1/me', { token: person.token })).body.quota
const set = (photoId: string, columns: string) =>
  world.db.primary({ text: `UPDATE photos SET ${columns} WHERE photo_id = $1`, values: [photoId] })

describe('the quota of an account', () => {
  it('charges what is awaited, and gives back what comes to nothing', async () => {
    const ann = await world.signUp()
    expect(await quotaOf(ann)).toEqual({ bytes: 1000, bytesUsed: 0, photos: 6, photosUsed: 0 })
    const ids: string[] = []
    for (const bytes of [100, 200, 300]) ids.push((await open(ann, bytes)).body.photo.id)
    expect(await quotaOf(ann)).toMatchObject({ bytesUsed: 600, photosUsed: 3 })

    await set(ids[0]!, `status = 'failed', failure_code = 'not_an_image'`)
    expect(await quotaOf(ann)).toMatchObject({ bytesUsed: 500, photosUsed: 2 })
    await world.call('DELETE', `/v1/photos/${ids[1]}/upload`, { token: ann.token })
    expect(await quotaOf(ann)).toMatchObject({ bytesUsed: 300, photosUsed: 1 })
    await world.call('DELETE', `/v1/photos/${ids[1]}`, { token: ann.token })
    await world.call('DELETE', `/v1/photos/${ids[2]}`, { token: ann.token })
    expect(await quotaOf(ann)).toMatchObject({ bytesUsed: 0, photosUsed: 0 })
  })

  it('names what is over, and takes uploads once there is room', async () => {
    const ann = await world.signUp()
    const { id } = (await open(ann, 900)).body.photo
    const refused = await open(ann, 101)
    expect(refused).toMatchObject({
      status: 403,
      body: { code: 'quota_exceeded', errors: [{ path: 'quota.bytes' }] },
    })
    expect((await open(ann, 100)).status).toBe(201)
    await world.call('DELETE', `/v1/photos/${id}`, { token: ann.token })
    for (let n = 0; n < 5; n++) expect((await open(ann, 1)).status).toBe(201)
    expect((await open(ann, 1)).body).toMatchObject({
      code: 'quota_exceeded',
      errors: [{ path: 'quota.photos' }],
    })
  })

  it('holds for uploads that are opened at once', async () => {
    const ann = await world.signUp()
    const answers = await Promise.all(Array.from({ length: 8 }, () => open(ann, 300)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
    expect(await quotaOf(ann)).toMatchObject({ bytesUsed: 900, photosUsed: 3 })
  })

  it('is what an operator gave the account, if they did', async () => {
    const ann = await world.signUp()
    await world.db.primary({
      text: 'UPDATE users SET max_bytes = 5000, max_photos = 1 WHERE user_id = $1',
      values: [ann.id],
    })
    expect((await open(ann, 900)).status).toBe(201)
    expect(await quotaOf(ann)).toEqual({ bytes: 5000, bytesUsed: 900, photos: 1, photosUsed: 1 })
    expect((await open(ann, 1)).status).toBe(403)
  })

  it('counts the photos of guests, who learn nothing of it', async () => {
    const ann = await world.signUp()
    const post = (path: string, body: object) => world.call('POST', path, { token: ann.token, body })
    const { album } = (await post('/v1/albums', { title: 'Party', visibility: 'private' })).body
    const { link } = (await post(`/v1/albums/${album.id}/share-links`, { allowUpload: true })).body
    const guest = (bytes: number) =>
      world.call('POST', `/v1/share/${link.token}/uploads`, { body: { contentType: 'image/jpeg', bytes } })
    expect((await guest(900)).status).toBe(201)
    expect(await quotaOf(ann)).toMatchObject({ bytesUsed: 900, photosUsed: 1 })
    const refused = await guest(200)
    expect(refused).toMatchObject({ status: 403, body: { code: 'quota_exceeded' } })
    expect(JSON.stringify(refused.body)).not.toMatch(/900|1000/)
  })

  it('leaves out what the service makes of a photo', async () => {
    const ann = await world.signUp()
    const { id } = (await open(ann, 100)).body.photo
    for (const variant of ['medium_800', 'download', 'animation'])
      await world.db.primary({
        text: `INSERT INTO photo_variants (photo_id, variant, format, object_key, width, height, bytes)
          VALUES ($1, $2, 'webp', $3, 1, 1, 5000)`,
        values: [id, variant, `variants/${id}/1/${variant}.webp`],
      })
    const sweep = sweepStorage(world.db)
    await sweep.run()
    await sweep.run()
    expect(await quotaOf(ann)).toMatchObject({ bytesUsed: 100, photosUsed: 1 })
  })

  it('is put right by the sweep, to the byte', async () => {
    const ann = await world.signUp()
    await open(ann, 100)
    await world.db.primary({
      text: 'UPDATE user_storage SET bytes = 7, photos = 9 WHERE user_id = $1',
      values: [ann.id],
    })
    const sweep = sweepStorage(world.db)
    // It may begin in the middle of the accounts.
    expect((await sweep.run()) + (await sweep.run())).toBeGreaterThan(0)
    expect(await quotaOf(ann)).toMatchObject({ bytesUsed: 100, photosUsed: 1 })
    expect((await sweep.run()) + (await sweep.run())).toBe(0)
  })

  it('leaves the ETag of the account to its edits', async () => {
    const ann = await world.signUp()
    const tag = (await world.call('GET', '/v1/me', { token: ann.token })).headers.get('ETag')!
    await open(ann, 100)
    const edit = (bio: string) =>
      world.call('PATCH', '/v1/me', { token: ann.token, body: { bio }, headers: { 'If-Match': tag } })
    expect((await edit('Light.')).status).toBe(200)
    expect((await edit('Silver.')).status).toBe(412)
  })
})

describe('the pixels of an hour', () => {
  it('count as the most until headers tell, and are refused with a time', async () => {
    const ann = await world.signUp()
    const ids: string[] = []
    for (let n = 0; n < 6; n++) ids.push((await open(ann, 1)).body.photo.id)
    // 6 × 50 of 325 megapixels are reserved.
    await set(ids[0]!, `status = 'deleted'`)
    await set(ids[1]!, `status = 'processing', width = 4000, height = 3000`)
    await set(ids[2]!, `status = 'failed', failure_code = 'upload_expired'`)
    await set(ids[3]!, `status = 'failed', failure_code = 'truncated'`)
    // 12 + 3 × 50 are left; 3 more fit.
    for (let n = 0; n < 3; n++) expect((await open(ann, 1)).status).toBe(201)
    await set(ids[1]!, `status = 'failed', failure_code = 'truncated'`)
    const refused = await open(ann, 1)
    expect(refused).toMatchObject({
      status: 429,
      body: { code: 'rate_limited', errors: [{ path: 'quota.megapixels' }] },
    })
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(3_500)
  })
})
