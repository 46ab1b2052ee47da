import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

describe('photos', () => {
  let world: ApiWorld
  let ann: Person
  let bob: Person

  beforeAll(async () => {
    world = await openApiWorld({ MAX_PENDING_UPLOADS: '3' })
    ann = await world.signUp()
    bob = await world.signUp()
  })
  afterAll(() => world?.close())

  const bytes = Buffer.from('0123456789')
  const open = (person: Person, body: object = {}, headers: Record<string, string> = {}) =>
    world.call('POST', '/v1/photos', {
      token: person.token,
      body: { contentType: 'image/jpeg', bytes: bytes.length, ...body },
      headers,
    })
  const photo = (person: Person | undefined, id: string, headers: Record<string, string> = {}) =>
    world.call('GET', `/v1/photos/${id}`, { token: person?.token, headers })
  const patch = (person: Person, id: string, body: object, headers: Record<string, string> = {}) =>
    world.call('PATCH', `/v1/photos/${id}`, { token: person.token, body, headers })
  const complete = (person: Person, id: string) =>
    world.call('POST', `/v1/photos/${id}/complete`, { token: person.token })
  const put = (upload: { url: string; headers: Record<string, string> }, body: Buffer = bytes) =>
    fetch(upload.url, { method: 'PUT', headers: upload.headers, body: new Uint8Array(body) })
  const owed = async (photoId: string) =>
    (
      await world.db.primary<{ kind: string }>({
        text: `SELECT kind FROM outbox WHERE payload->>'photoId' = $1 ORDER BY outbox_id`,
        values: [photoId],
      })
    ).map(({ kind }) => kind)
  const row = async (photoId: string) => {
    const rows = await world.db.primary<{ version: number; access_epoch: number; status: string }>({
      text: 'SELECT version, access_epoch, status FROM photos WHERE photo_id = $1',
      values: [photoId],
    })
    return rows[0]!
  }

  describe('editing', () => {
    it('raises the version, and a narrowing the epoch in every URL', async () => {
      const id = await world.seedPhoto({ ownerId: ann.id, caption: 'old #One' })
      const edited = await patch(ann, id, { caption: 'new #Two #deux', altText: 'words' })
      expect(edited.body.photo).toMatchObject({
        caption: 'new #Two #deux',
        tags: ['Two', 'deux'],
        altText: 'words',
      })
      expect(await row(id)).toMatchObject({ version: 2, access_epoch: 1 })
      const narrowed = await patch(ann, id, { visibility: 'followers' })
      expect(await row(id)).toMatchObject({ version: 3, access_epoch: 2 })
      const thumb = narrowed.body.photo.variants.find(
        (variant: { name: string }) => variant.name === 'thumb_200',
      )
      expect(new URL(thumb.url).searchParams.get('a')).toBe('2')
      expect(thumb.expiresAt).toBeDefined()
      await patch(ann, id, { visibility: 'public' })
      expect(await row(id)).toMatchObject({ version: 4, access_epoch: 2 })
      await patch(ann, id, { visibility: 'public' })
      expect(await row(id)).toMatchObject({ version: 4 })
      expect(await owed(id)).toEqual(['photoChanged', 'photoChanged', 'photoChanged'])
    })

    it('honours If-Match by version, whatever the URL window', async () => {
      const id = await world.seedPhoto({ ownerId: ann.id })
      const etag = (await photo(ann, id)).headers.get('ETag')!
      expect(
        (await patch(ann, id, { caption: 'one' }, { 'If-Match': etag.replace(/\..*"/, '.otherwindow"') }))
          .status,
      ).toBe(200)
      expect(await patch(ann, id, { caption: 'two' }, { 'If-Match': etag })).toMatchObject({
        status: 412,
        body: { code: 'precondition_failed' },
      })
      expect((await patch(ann, id, { caption: 'two' }, { 'If-Match': '*' })).status).toBe(200)
      expect((await photo(ann, id)).body.photo.caption).toBe('two')
    })

    it('lets exactly one of two edits of a version win', async () => {
      const id = await world.seedPhoto({ ownerId: ann.id })
      const etag = (await photo(ann, id)).headers.get('ETag')!
      const answers = await Promise.all(
        ['one', 'two', 'three'].map((caption) => patch(ann, id, { caption }, { 'If-Match': etag })),
      )
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412])
    })
  })

  describe('deleting', () => {
    it('hides the photo from everyone at once and lowers the count', async () => {
      const person = await world.signUp()
      const id = await world.seedPhoto({ ownerId: person.id })
      const counted = async () =>
        (await world.call('GET', `/v1/users/${person.username}`, { token: person.token })).body.user
          .photoCount
      expect(await counted()).toBe(1)
      const remove = () => world.call('DELETE', `/v1/photos/${id}?permanent=true`, { token: person.token })
      expect((await remove()).status).toBe(204)
      expect(await row(id)).toMatchObject({ status: 'deleted', version: 2, access_epoch: 2 })
      expect((await photo(person, id)).status).toBe(404)
      expect((await photo(undefined, id)).status).toBe(404)
      expect((await remove()).status).toBe(404)
      expect((await patch(person, id, { caption: 'x' })).status).toBe(404)
      expect((await complete(person, id)).status).toBe(404)
      await expect.poll(counted).toBe(0)
      expect(await owed(id)).toEqual(['photoChanged'])
    })

    it('ends an upload that is under way', async () => {
      const person = await world.signUp()
      const { photo: made, upload } = (await open(person)).body
      expect((await world.call('DELETE', `/v1/photos/${made.id}`, { token: person.token })).status).toBe(204)
      await put(upload)
      expect((await complete(person, made.id)).status).toBe(404)
      expect(await owed(made.id)).toEqual(['uploadOpened', 'photoChanged'])
    })
  })

  describe('what is shown', () => {
    it('includes place and camera for the owner, for others if shared', async () => {
      const id = await world.seedPhoto({ ownerId: ann.id, latitude: 47.4, camera: 'Box' })
      expect((await photo(ann, id)).body.photo).toMatchObject({ camera: 'Box', location: { latitude: 47.4 } })
      for (const viewer of [bob, undefined]) {
        const shown = (await photo(viewer, id)).body.photo
        expect(shown).not.toHaveProperty('camera')
        expect(shown).not.toHaveProperty('location')
        expect(shown).not.toHaveProperty('shareLocation')
      }
      await patch(ann, id, { shareLocation: true })
      const shared = (await photo(bob, id)).body.photo
      expect(shared.location).toEqual({ latitude: 47.4, longitude: 47.4 })
      expect(shared).not.toHaveProperty('camera')
    })

    it('lists and serves the original to its owner only', async () => {
      const id = await world.seedPhoto({ ownerId: ann.id })
      await world.api.clients.objects.put(`originals/${id}`, bytes, 'image/jpeg')
      const names = async (viewer: Person | undefined) =>
        (await photo(viewer, id)).body.photo.variants.map((variant: { name: string }) => variant.name)
      expect(await names(ann)).toEqual(['thumb_200', 'original'])
      expect(await names(bob)).toEqual(['thumb_200'])
      const original = (person?: Person) =>
        world.call('GET', `/v1/photos/${id}/original`, { token: person?.token })
      const got = await original(ann)
      expect(got.body).toBe(bytes.toString())
      expect(got.headers.get('Content-Type')).toBe('image/jpeg')
      expect(got.headers.get('Content-Disposition')).toBe(`attachment; filename="${id}.jpeg"`)
      expect((await original(bob)).status).toBe(403)
      expect((await original()).status).toBe(401)
      await world.api.clients.objects.delete([`originals/${id}`])
      expect((await original(ann)).status).toBe(404)
    })

    it('answers 304 only to a viewer who has the same representation', async () => {
      const id = await world.seedPhoto({ ownerId: ann.id })
      const first = await photo(ann, id)
      expect(first.headers.get('Cache-Control')).toBe('private, no-cache')
      expect(first.headers.get('Vary')).toContain('Authorization')
      const etag = { 'If-None-Match': first.headers.get('ETag')! }
      const second = await photo(ann, id, etag)
      expect([second.status, second.body]).toEqual([304, ''])
      expect((await photo(bob, id, etag)).status).toBe(200)
      await patch(ann, id, { caption: 'new' })
      expect((await photo(ann, id, etag)).status).toBe(200)
    })

    it('returns several in the requested order, without hidden ones', async () => {
      const [one, two, hidden] = [
        await world.seedPhoto({ ownerId: ann.id }),
        await world.seedPhoto({ ownerId: ann.id }),
        await world.seedPhoto({ ownerId: ann.id, visibility: 'private' }),
      ]
      const absent = '01a2036c-aeb9-7176-8322-8600c64a45cb'
      const several = (viewer?: Person) =>
        world.call('GET', `/v1/photos?ids=${[two, absent, hidden, one, two].join(',')}`, {
          token: viewer?.token,
        })
      const ids = async (viewer?: Person) =>
        (await several(viewer)).body.items.map(({ id }: { id: string }) => id)
      await expect.poll(() => ids()).toEqual([two, one])
      expect(await ids(ann)).toEqual([two, hidden, one])
    })
  })
})
