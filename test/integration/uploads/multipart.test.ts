import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import { openDelivery } from '../../../src/services/delivery/module.ts'
import { createUploads } from '../../../src/services/uploads/claim-and-publish.ts'
import { openUploads } from '../../../src/services/uploads/module.ts'
import { assembleParts } from '../../../src/services/uploads/multipart-uploads.ts'
import { sweepMultipart } from '../../../src/services/uploads/sweep-incoming.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

const MIB = 1024 ** 2
const BYTES = 17 * MIB
/** 8, 8 and 1 MiB. */
const original = Buffer.alloc(BYTES, 'pixels and more of them ')

let world: ApiWorld
let ann: Person
beforeAll(async () => {
  world = await openApiWorld()
  ann = await world.signUp()
})
afterAll(() => world?.close())

const call = (method: string, path: string, body?: object, person = ann) =>
  world.call(method, `/v1${path}`, { token: person.token, ...(body && { body }) })
const open = async (bytes = BYTES, headers: Record<string, string> = {}) => {
  const body = { contentType: 'image/jpeg', bytes, multipart: true }
  const { status, body: opened } = await world.call('POST', '/v1/photos', { token: ann.token, body, headers })
  expect(status).toBe(201)
  return { id: opened.photo.id as string, upload: opened.upload, photo: opened.photo }
}
const sign = async (id: string, numbers: number[]) =>
  (await call('POST', `/photos/${id}/parts`, { numbers })).body.parts as { number: number; url: string }[]
const partOf = (number: number) => original.subarray((number - 1) * 8 * MIB, number * 8 * MIB)
const put = async (id: string, number: number, body = partOf(number)) => {
  const [part] = await sign(id, [number])
  return fetch(part!.url, { method: 'PUT', body: new Uint8Array(body) })
}
const stored = (id: string) => world.api.clients.objects.head(incomingKey(id))
const uploadIdOf = async (id: string) => {
  for await (const { key, uploadId } of world.api.clients.objects.listUnfinished('incoming/'))
    if (key === incomingKey(id)) return uploadId
  throw new Error(`${id} is not under way`)
}
const unfinished = async () => {
  const keys: string[] = []
  for await (const { key } of world.api.clients.objects.listUnfinished('incoming/')) keys.push(key)
  return keys
}

describe('an upload in parts', () => {
  it('is interrupted, listed, resumed and completed', async () => {
    const { id, upload } = await open()
    expect(upload).toMatchObject({ method: 'MULTIPART', partBytes: 8 * MIB })
    expect(Date.parse(upload.expiresAt) - Date.now()).toBeGreaterThan(23 * 60 * 60 * 1000)
    expect((await put(id, 2)).status).toBe(200)
    expect((await call('GET', `/photos/${id}/parts`)).body.parts).toMatchObject([
      { number: 2, bytes: 8 * MIB },
    ])
    expect((await call('POST', `/photos/${id}/complete`)).body).toMatchObject({
      code: 'not_uploaded',
      errors: [{ path: 'parts', message: 'Missing: 1, 3.' }],
    })

    expect((await call('POST', `/photos/${id}/upload`)).body.upload).toEqual(upload)
    expect((await put(id, 3)).status).toBe(200)
    expect((await put(id, 1)).status).toBe(200)
    const { parts } = (await call('GET', `/photos/${id}/parts`)).body
    const wrong = [{ number: 1, etag: '"0"' }]
    expect((await call('POST', `/photos/${id}/complete`, { parts: wrong })).status).toBe(422)
    expect(await stored(id)).toBeUndefined()
    const claimed = parts.map(({ number, etag }: { number: number; etag: string }) => ({ number, etag }))
    const answers = await Promise.all(
      [1, 2].map(() => call('POST', `/photos/${id}/complete`, { parts: claimed })),
    )
    expect(answers.map(({ status }) => status)).toEqual([202, 202])
    expect((await stored(id))!.bytes).toBe(BYTES)
    const { body } = await world.api.clients.objects.read(incomingKey(id))
    expect(Buffer.concat(await body.toArray()).equals(original)).toBe(true)
  })

  it.each([
    ['lists them', 'listParts'],
    ['assembles them', 'completeParts'],
  ] as const)('is complete if another request assembled it while this one %s', async (_, step) => {
    const { id, upload } = await open()
    for (const number of [1, 2, 3]) expect((await put(id, number)).status).toBe(200)
    const { objects } = world.api.clients
    let hasOvertaken = false
    const overtake = async () => {
      hasOvertaken = true
      expect((await call('POST', `/photos/${id}/complete`)).status).toBe(202)
    }
    const overtaken: typeof objects = {
      ...objects,
      // As if the storage had taken the first part away already.
      async listParts(...of) {
        const parts = await objects.listParts(...of)
        if (step !== 'listParts') return parts
        await overtake()
        return parts!.slice(1)
      },
      async completeParts(...of) {
        if (step === 'completeParts') await overtake()
        await objects.completeParts(...of)
      },
    }
    const target = { ...upload, expiresAt: new Date(upload.expiresAt) }
    await assembleParts(overtaken, id, { ...target, uploadId: await uploadIdOf(id) }, BYTES)
    expect(hasOvertaken).toBe(true)
    expect((await stored(id))!.bytes).toBe(BYTES)
  })

  it('is complete if another request did it and its workflow took it away', async () => {
    const { id } = await open()
    for (const number of [1, 2, 3]) expect((await put(id, number)).status).toBe(200)
    const { clients } = world.api
    const { config, db, objects } = clients
    let hasOvertaken = false
    // Between this request's look at the row and its look at the storage, another completes the upload, and the workflow refuses the original.
    const overtaken: typeof objects = {
      ...objects,
      async listParts(...of) {
        hasOvertaken = true
        expect((await call('POST', `/photos/${id}/complete`)).status).toBe(202)
        const uploads = createUploads({ db, objects, fanoutShardThreshold: config.FANOUT_SHARD_THRESHOLD })
        expect(await uploads.claim(id)).toEqual({ outcome: 'claimed' })
        expect(await uploads.fail(id, 'not_an_image', 'No pixels.')).toEqual({ status: 'failed' })
        return objects.listParts(...of)
      },
    }
    const { pendingUploads } = openUploads({ ...clients, objects: overtaken }, openDelivery(clients))
    expect(await pendingUploads.complete(ann.id, id)).toMatchObject({ photoId: id, status: 'failed' })
    expect(hasOvertaken).toBe(true)
    expect(await stored(id)).toBeUndefined()
  })

  it('takes no part of another size than was signed', async () => {
    const { id } = await open()
    expect((await put(id, 1, partOf(1).subarray(1))).status).toBe(403)
    expect((await put(id, 3, partOf(1))).status).toBe(403)
    expect((await call('GET', `/photos/${id}/parts`)).body.parts).toEqual([])
    expect((await call('POST', `/photos/${id}/parts`, { numbers: [4] })).body).toMatchObject({
      code: 'invalid',
      errors: [{ path: 'body.numbers' }],
    })
  })

  it('is given up, after which nothing can be sent or completed', async () => {
    const { id } = await open()
    const [late] = await sign(id, [2])
    await put(id, 1)
    expect((await call('DELETE', `/photos/${id}/upload`)).status).toBe(204)
    expect((await call('DELETE', `/photos/${id}/upload`)).status).toBe(204)
    expect((await fetch(late!.url, { method: 'PUT', body: new Uint8Array(partOf(2)) })).ok).toBe(false)
    expect(await unfinished()).not.toContain(incomingKey(id))
    for (const [method, path] of [
      ['POST', 'complete'],
      ['POST', 'upload'],
      ['GET', 'parts'],
    ])
      expect((await call(method!, `/photos/${id}/${path}`)).body.code).toBe('upload_closed')
    expect((await call('GET', `/photos/${id}`)).body.photo).toMatchObject({
      status: 'failed',
      failure: { code: 'upload_aborted' },
    })
  })

  it('belongs to its owner alone', async () => {
    const { id } = await open()
    const eve = await world.signUp()
    for (const [method, path, body] of [
      ['POST', 'parts', { numbers: [1] }],
      ['GET', 'parts', undefined],
      ['DELETE', 'upload', undefined],
    ] as const)
      expect((await call(method, `/photos/${id}/${path}`, body, eve)).status).toBe(404)
  })

  it('is for large originals: small ones come in one PUT, the largest not', async () => {
    expect((await open(16 * MIB)).upload.method).toBe('PUT')
    const body = { contentType: 'image/jpeg', bytes: 51 * MIB }
    expect((await call('POST', '/photos', body)).body).toMatchObject({
      code: 'too_large',
      errors: [{ path: 'body.bytes' }],
    })
    expect((await call('POST', '/photos', { ...body, multipart: true })).status).toBe(201)
    const over = { ...body, multipart: true, bytes: 201 * MIB }
    expect((await call('POST', '/photos', over)).body.code).toBe('too_large')
  })

  it('leaves no parts at the storage when it is refused', async () => {
    const before = await unfinished()
    const bob = await world.signUp()
    await world.db.primary({ text: 'UPDATE users SET max_bytes = 1 WHERE user_id = $1', values: [bob.id] })
    const body = { contentType: 'image/jpeg', bytes: BYTES, multipart: true }
    expect((await call('POST', '/photos', body, bob)).body.code).toBe('quota_exceeded')
    expect(await unfinished()).toEqual(before)
  })

  it('is swept once no row names it, and not before', async () => {
    const [kept, lost] = [await open(), await open()]
    await world.db.primary({ text: 'DELETE FROM multipart_uploads WHERE photo_id = $1', values: [lost.id] })
    const { objects } = world.api.clients
    const swept = (ageMs: number) =>
      sweepMultipart(world.db.primary, {
        ...objects,
        async *listUnfinished(prefix) {
          for await (const each of objects.listUnfinished(prefix))
            yield { ...each, initiated: new Date(Date.now() - ageMs) }
        },
      }).run()
    await swept(60_000)
    expect(await unfinished()).toContain(incomingKey(lost.id))
    expect(await swept(2 * 60 * 60 * 1000)).toBeGreaterThan(0)
    expect(await unfinished()).not.toContain(incomingKey(lost.id))
    expect(await unfinished()).toContain(incomingKey(kept.id))
  })
})

describe('Idempotency-Key', () => {
  it('says where the original goes until it has arrived, then null', async () => {
    const key = { 'Idempotency-Key': 'large-1' }
    const { id, upload } = await open(BYTES, key)
    expect((await open(BYTES, key)).upload).toEqual(upload)
    for (const number of [1, 2, 3]) await put(id, number)
    await call('POST', `/photos/${id}/complete`)
    expect(await open(BYTES, key)).toMatchObject({ id, upload: null })

    const small = { 'Idempotency-Key': 'small-1' }
    const first = await open(10, small)
    const { url, headers } = first.upload
    expect((await fetch(url, { method: 'PUT', headers, body: 'ten bytes!' })).status).toBe(200)
    expect(await open(10, small)).toMatchObject({ id: first.id, upload: null })
  })
})

describe('a look-up by hash', () => {
  it('knows the originals of the account, and of nobody else', async () => {
    const [one, two] = [await world.signUp(), await world.signUp()]
    const [stored, pending, gone] = ['aa', 'bb', 'cc'].map((byte) => byte.repeat(32))
    const photoId = await world.seedPhoto({ ownerId: one.id })
    const goneId = await world.seedPhoto({ ownerId: one.id, status: 'deleted' })
    for (const [id, hex] of [
      [photoId, stored],
      [goneId, gone],
    ])
      await world.db.primary({
        text: `UPDATE photos SET sha256 = decode($2, 'hex') WHERE photo_id = $1`,
        values: [id, hex],
      })
    const body = { contentType: 'image/jpeg', bytes: 1, sha256: pending }
    const awaited = (await call('POST', '/photos', body, one)).body.photo.id
    const lookup = async (person: Person) =>
      (await call('POST', '/me/photos/lookup', { sha256: [stored, pending, gone] }, person)).body.items
    expect(await lookup(one)).toEqual([
      { sha256: stored, photoId, status: 'ready' },
      { sha256: pending, photoId: awaited, status: 'awaiting_upload' },
    ])
    expect(await lookup(two)).toEqual([])
  })
})
