import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UPLOAD_STEPS } from '../../../src/contracts/photo-upload.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

describe('uploads', () => {
  let world: ApiWorld
  let ann: Person

  beforeAll(async () => {
    world = await openApiWorld({ MAX_PENDING_UPLOADS: '3' })
    ann = await world.signUp()
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
  /** Resolves once the API has run the prepared statement of this name on the primary. */
  const nextRun = (name: string) =>
    new Promise<void>((resolve) => {
      const { primary } = world.db
      world.db.primary = async (statement) => {
        const rows = await primary(statement)
        if (statement.name === name) {
          world.db.primary = primary
          resolve()
        }
        return rows as never
      }
    })
  describe('an upload', () => {
    it('is signed for exactly these bytes, completed and owed to Temporal', async () => {
      const person = await world.signUp()
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const opened = await open(person, {
        sha256,
        caption: 'A day in #Zürich',
        altText: '',
        visibility: 'followers',
      })
      expect(opened.status).toBe(201)
      const { photo: made, upload } = opened.body
      expect(opened.headers.get('Location')).toBe(`/v1/photos/${made.id}`)
      expect(made).toMatchObject({
        status: 'awaiting_upload',
        visibility: 'followers',
        caption: 'A day in #Zürich',
        altText: null,
        tags: ['Zürich'],
        variants: [],
      })
      expect(upload.method).toBe('PUT')
      expect(Object.keys(upload.headers).sort()).toEqual([
        'Content-Type',
        'If-None-Match',
        'x-amz-checksum-sha256',
      ])

      expect(await complete(person, made.id)).toMatchObject({ status: 409, body: { code: 'not_uploaded' } })
      expect((await put(upload, Buffer.from('0123456780'))).status).toBe(400)
      expect((await put(upload, Buffer.from('0123'))).status).toBe(403)
      expect((await put(upload)).status).toBe(200)
      expect((await put(upload)).status).toBe(412)
      expect((await complete(person, made.id)).status).toBe(202)
      expect((await complete(person, made.id)).status).toBe(202)
      expect(await owed(made.id)).toEqual(['uploadOpened', 'originalArrived', 'originalArrived'])
      const again = await world.call('POST', `/v1/photos/${made.id}/upload`, { token: person.token })
      expect(again.body.upload.headers).toEqual(upload.headers)
    })

    it('accepts no object, signature or completion once abandoned', async () => {
      const person = await world.signUp()
      const { id } = (await open(person)).body.photo
      await world.db.primary({
        text: `UPDATE photos SET status = 'failed', failure_code = 'upload_expired' WHERE photo_id = $1`,
        values: [id],
      })
      expect(await complete(person, id)).toMatchObject({ status: 409, body: { code: 'upload_closed' } })
      expect(await world.call('POST', `/v1/photos/${id}/upload`, { token: person.token })).toMatchObject({
        status: 409,
        body: { code: 'upload_closed' },
      })
      expect((await photo(person, id)).body.photo.failure).toEqual({ code: 'upload_expired', detail: null })
    })

    it('repeats the reason when its original was not a photo', async () => {
      const id = await world.seedPhoto({ ownerId: ann.id, status: 'failed' })
      await world.db.primary({
        text: `UPDATE photos SET failure_code = 'not_an_image' WHERE photo_id = $1`,
        values: [id],
      })
      const answer = await complete(ann, id)
      expect(answer).toMatchObject({ status: 200, body: { photo: { failure: { code: 'not_an_image' } } } })
    })

    it('respects the limit, even when several arrive at once', async () => {
      const person = await world.signUp()
      const answers = await Promise.all(Array.from({ length: 6 }, () => open(person)))
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 403, 403, 403])
      expect(answers.find(({ status }) => status === 403)!.body.code).toBe('quota_exceeded')
      const { photo: first } = answers.find(({ status }) => status === 201)!.body
      await world.call('DELETE', `/v1/photos/${first.id}`, { token: person.token })
      expect((await open(person)).status).toBe(201)
    })

    it('stops being polled when the client hangs up', async () => {
      const person = await world.signUp()
      const { id } = (await open(person)).body.photo
      const hangUp = new AbortController()
      const read = nextRun('photo-cards')
      const waiting = fetch(`${world.api.url}/v1/photos/${id}/progress?wait=60`, {
        headers: { Authorization: `Bearer ${person.token}` },
        signal: hangUp.signal,
      })
      await read
      hangUp.abort()
      await expect(waiting).rejects.toThrow()
      await expect.poll(() => world.logLines.some((line) => line.includes('"status":499'))).toBe(true)
    })

    it('reports progress from Postgres while Temporal is down', async () => {
      const person = await world.signUp()
      const { id } = (await open(person)).body.photo
      const progress = await world.call('GET', `/v1/photos/${id}/progress`, { token: person.token })
      expect(progress.body).toMatchObject({
        status: 'awaiting_upload',
        steps: UPLOAD_STEPS.map((name, at) => ({ name, state: at === 0 ? 'running' : 'pending' })),
      })
      const read = nextRun('photo-cards')
      const waiting = world.call('GET', `/v1/photos/${id}/progress?wait=30`, { token: person.token })
      await read
      await world.db.primary({
        text: `UPDATE photos SET status = 'processing' WHERE photo_id = $1`,
        values: [id],
      })
      expect((await waiting).body.status).toBe('processing')
    })
  })

  describe('Idempotency-Key', () => {
    it('returns the first photo again, even to two at once', async () => {
      const person = await world.signUp()
      const key = { 'Idempotency-Key': 'holiday-1' }
      const answers = await Promise.all([open(person, {}, key), open(person, {}, key)])
      const made = answers.filter(({ status }) => status === 201)
      for (const other of answers.filter(({ status }) => status !== 201)) {
        expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_in_progress' } })
      }
      const replayed = await open(person, {}, key)
      expect(replayed.status).toBe(201)
      expect(new Set([...made, replayed].map(({ body }) => body.photo.id)).size).toBe(1)
      expect((await put(replayed.body.upload)).status).toBe(200)
      expect(await open(person, { caption: 'other' }, key)).toMatchObject({
        status: 422,
        body: { code: 'idempotency_mismatch' },
      })
      const [count] = await world.db.primary({
        text: 'SELECT count(*)::int AS n FROM photos WHERE owner_id = $1',
        values: [person.id],
      })
      expect(count).toEqual({ n: 1 })
    })

    it('belongs to one account and shows only what it may see now', async () => {
      const [one, two] = [await world.signUp(), await world.signUp()]
      const key = { 'Idempotency-Key': 'same' }
      const first = await open(one, {}, key)
      expect((await open(two, {}, key)).body.photo.id).not.toBe(first.body.photo.id)
      await world.call('DELETE', `/v1/photos/${first.body.photo.id}`, { token: one.token })
      expect(await open(one, {}, key)).toMatchObject({ status: 404 })
    })

    it('keeps a refusal, and runs again after a day or a crash', async () => {
      const person = await world.signUp()
      const { id } = (await open(person)).body.photo
      const again = (key: string) =>
        world.call('POST', `/v1/photos/${id}/complete`, {
          token: person.token,
          headers: { 'Idempotency-Key': key },
        })
      expect((await again('k')).status).toBe(409)
      await put((await world.call('POST', `/v1/photos/${id}/upload`, { token: person.token })).body.upload)
      expect((await again('k')).body.code).toBe('not_uploaded')
      const change = (set: string) =>
        world.db.primary({
          text: `UPDATE idempotency_keys SET ${set} WHERE user_id = $1`,
          values: [person.id],
        })
      await change(`response = NULL, status = NULL`)
      expect((await again('k')).body.code).toBe('idempotency_in_progress')
      await change(`locked_until = now() - interval '1 second'`)
      expect((await again('k')).status).toBe(202)
      await change(
        `created_at = now() - interval '25 hours', response = '{"status": 200, "resourceId": "x"}'`,
      )
      expect((await again('k')).status).toBe(202)
    })

    it('is ignored on sign-up', async () => {
      const body = { username: `twice-${ann.id}`, password: 'long enough' }
      const headers = { 'Idempotency-Key': 'x' }
      expect((await world.call('POST', '/v1/users', { body, headers })).status).toBe(201)
      expect((await world.call('POST', '/v1/users', { body, headers })).status).toBe(409)
    })
  })
})
