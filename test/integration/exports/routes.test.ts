import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_EXPORTS_PER_DAY } from '../../../src/domain/exports.ts'
import { DAY_MS } from '../../../src/domain/moderation.ts'
import { suspendAccount } from '../../../src/services/moderation/measures/account.ts'
import { buildStoredPhoto } from '../../support/factories/stored-originals.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { exportsOver, unzipped, type ExportSteps } from '../../support/worlds/export-world.ts'
import { openNotificationWorld, type NotificationWorld } from '../../support/worlds/notification-world.ts'

let world: NotificationWorld
let steps: ExportSteps
beforeAll(async () => {
  world = await openNotificationWorld()
  const { db, objects, archive } = world.api.clients
  steps = exportsOver({ db, objects, archive: archive! })
})
afterAll(() => world?.close())

const call = (who: Person | undefined, method: string, path = '', headers = {}) =>
  world.call(method, `/v1/me/exports${path}`, { token: who?.token, headers })
const ask = async (who: Person) => {
  const { status, body } = await call(who, 'POST')
  expect(status).toBe(202)
  return body.export.id as string
}
const shown = async (who: Person, exportId: string) => (await call(who, 'GET', `/${exportId}`)).body.export

describe('an export', () => {
  it('is asked for, prepared and downloaded by a URL that ends', async () => {
    const ann = await world.signUp()
    const { body } = await buildStoredPhoto(world.api.clients, ann.id)
    const exportId = await ask(ann)
    const [owed] = await world.db.primary({
      text: `SELECT kind, payload FROM outbox WHERE payload ->> 'exportId' = $1`,
      values: [exportId],
    })
    expect(owed).toEqual({ kind: 'exportChanged', payload: { exportId, ownerId: ann.id } })
    expect(await shown(ann, exportId)).not.toHaveProperty('url')

    await steps.run(exportId)
    const ready = await shown(ann, exportId)
    expect(ready).toMatchObject({ status: 'ready', progress: { photos: 1, photosTotal: 1 } })
    const lasts = Date.parse(ready.urlExpiresAt) - Date.now()
    expect(lasts).toBeGreaterThan(0)
    expect(lasts).toBeLessThanOrEqual(10 * 60 * 1000)
    const answer = await fetch(ready.url)
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="darkroom-\d{4}-\d\d-\d\d\.zip"$/,
    )
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const zip = await buffer(answer.body!)
    expect(zip.length).toBe(ready.progress.bytes)
    const files = await unzipped(zip)
    expect([...files.values()].some((file) => file.equals(body))).toBe(true)
    expect((await fetch(ready.url.replace(/Signature=../, 'Signature=00'))).status).toBe(403)
    const { rows } = await storedTexts()
    expect(rows.filter((row) => row.includes('X-Amz-Signature'))).toEqual([])
  })

  it('gives no URL once its time is over, or it was deleted', async () => {
    const ann = await world.signUp()
    const exportId = await ask(ann)
    await steps.run(exportId)
    await world.db.primary({
      text: `UPDATE account_exports SET expires_at = now() WHERE export_id = $1`,
      values: [exportId],
    })
    const over = await shown(ann, exportId)
    expect(over.status).toBe('expired')
    expect(over).not.toHaveProperty('url')

    const other = await ask(ann)
    await steps.run(other)
    const { url } = await shown(ann, other)
    expect((await call(ann, 'DELETE', `/${other}`)).status).toBe(204)
    expect(await shown(ann, other)).not.toHaveProperty('url')
    await steps.empty(other)
    expect((await fetch(url)).status).toBe(404)
  })

  it('is one at a time, even if two are asked for at once', async () => {
    const ann = await world.signUp()
    const answers = await Promise.all([1, 2, 3].map(() => call(ann, 'POST')))
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409])
    expect(answers.find(({ status }) => status === 409)!.body.code).toBe('export_running')
  })

  it('can be had a few times a day, whatever became of them', async () => {
    const ann = await world.signUp()
    for (let count = 0; count < MAX_EXPORTS_PER_DAY; count++) await call(ann, 'DELETE', `/${await ask(ann)}`)
    const refused = await call(ann, 'POST')
    expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited'])
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(23 * 60 * 60)
    const { items, nextCursor } = (await world.call('GET', '/v1/me/exports?limit=2', { token: ann.token }))
      .body
    expect(items).toHaveLength(2)
    const next = await world.call('GET', `/v1/me/exports?cursor=${nextCursor}`, { token: ann.token })
    expect(next.body).toMatchObject({ items: [{ status: 'deleted' }], nextCursor: null })
    await world.db.primary({
      text: `UPDATE account_exports SET created_at = created_at - interval '1 day' WHERE user_id = $1`,
      values: [ann.id],
    })
    await ask(ann)
  })

  it('is asked for once by a request that is repeated with its key', async () => {
    const ann = await world.signUp()
    const key = { 'Idempotency-Key': 'once' }
    const first = await call(ann, 'POST', '', key)
    const again = await call(ann, 'POST', '', key)
    expect([first.status, again.status]).toEqual([202, 202])
    expect(again.body).toEqual(first.body)
  })

  it('is for its owner alone, signed in on a device', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const exportId = await ask(ann)
    await steps.run(exportId)
    for (const method of ['GET', 'DELETE']) {
      expect((await call(bob, method, `/${exportId}`)).status).toBe(404)
      expect((await call(undefined, method, `/${exportId}`)).status).toBe(401)
      expect((await call(ann, method, '/no-id')).status).toBe(404)
    }
    const made = await world.call('POST', '/v1/me/tokens', {
      token: ann.token,
      body: { name: 'A program', scopes: ['read', 'write', 'upload'] },
    })
    const program = { ...ann, token: made.body.secret }
    expect((await call(program, 'GET', `/${exportId}`)).status).toBe(403)
    expect((await call(program, 'POST')).status).toBe(403)
    expect((await shown(ann, exportId)).status).toBe('ready')
  })

  it('can be had by a suspended account, which may leave', async () => {
    const ann = await world.signUp()
    const { photoId } = await buildStoredPhoto(world.api.clients, ann.id)
    await world.db.transaction((tx) =>
      suspendAccount(tx, { userId: ann.id, until: new Date(Date.now() + DAY_MS) }),
    )
    const refused = () => world.call('GET', '/v1/feed', { token: ann.token })
    await expect.poll(async () => (await refused()).status, { timeout: 5_000 }).toBe(403)
    const exportId = await ask(ann)
    await steps.run(exportId)
    const files = await unzipped(await steps.download(exportId))
    expect([...files.keys()].some((name) => name.includes(photoId))).toBe(true)
    expect((await shown(ann, exportId)).status).toBe('ready')
  })

  it('is told of, as long as it can be downloaded', async () => {
    const ann = await world.signUp()
    const exportId = await ask(ann)
    await steps.run(exportId)
    expect(await world.told(ann)).toMatchObject([{ kind: 'export_ready', actors: [], actorCount: 1 }])
    await call(ann, 'DELETE', `/${exportId}`)
    expect(await world.told(ann)).toEqual([])
  })
})

/** Every text of the tables that an export may write to. */
async function storedTexts(): Promise<{ rows: string[] }> {
  const tables = ['account_exports', 'outbox', 'idempotency_keys', 'notification_events']
  const rows = await Promise.all(
    tables.map((table) =>
      world.db.primary<{ row: string }>({ text: `SELECT t::text AS row FROM ${table} t` }),
    ),
  )
  return { rows: rows.flat().map(({ row }) => row) }
}
