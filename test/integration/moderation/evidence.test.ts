import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { sweepComments } from '../../../src/services/engagement/sweep-comments.ts'
import { restorePhoto, takeDownPhoto } from '../../../src/services/moderation/measures.ts'
import { sweepTrash } from '../../../src/services/photos/sweep-trash.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let ann: Person
let bob: Person
beforeAll(async () => {
  world = await openApiWorld()
  ann = await world.signUp()
  bob = await world.signUp()
})
afterAll(() => world?.close())

const EVIDENCE_DAYS = 183
const call = (who: Person, method: string, path: string, body?: unknown) =>
  world.call(method, `/v1${path}`, { token: who.token, ...(body === undefined ? {} : { body }) })
const erase = (photoId: PhotoId) => call(ann, 'DELETE', `/photos/${photoId}?permanent=true`)
const photo = (options = {}) => world.seedPhoto({ ownerId: ann.id, ...options })
const sweep = () => sweepTrash(world.db, EVIDENCE_DAYS).run()

async function openCase(type: 'photo' | 'comment', subjectId: string): Promise<string> {
  const caseId = uuidv7()
  await world.db.primary({
    text: `INSERT INTO moderation_cases (case_id, subject_type, subject_id, owner_id, source, priority, policy_id, evidence,
        due_at) VALUES ($1, $2, $3, $4, 'reports', 2, 'spam', '{"texts":{}}', now() + interval '1 day')`,
    values: [caseId, type, subjectId, ann.id],
  })
  return caseId
}
const close = (caseId: string) =>
  world.db.primary({
    text: `UPDATE moderation_cases SET state = 'closed', closed_at = now() WHERE case_id = $1`,
    values: [caseId],
  })
async function statusOf(photoId: PhotoId): Promise<string> {
  const [row] = await world.db.primary<{ status: string }>({
    text: 'SELECT status FROM photos WHERE photo_id = $1',
    values: [photoId],
  })
  return row!.status
}

/** What the owner is answered about a photo that they deleted for good. */
async function answers(photoId: PhotoId) {
  const [read, again, restored, trashed] = await Promise.all([
    call(ann, 'GET', `/photos/${photoId}`),
    erase(photoId),
    call(ann, 'POST', `/photos/${photoId}/restore`),
    call(ann, 'GET', '/me/trash'),
  ])
  return {
    statuses: [read.status, again.status, restored.status],
    listed: trashed.body.items.some((item: Json) => item.photo.id === photoId),
  }
}

describe('a photo under review', () => {
  it('is gone for its owner once deleted, and erased with the case', async () => {
    const [held, free] = [await photo(), await photo()]
    const caseId = await openCase('photo', held)
    for (const photoId of [held, free]) expect((await erase(photoId)).status).toBe(204)
    expect(await answers(held)).toEqual(await answers(free))
    await sweep()
    expect([await statusOf(held), await statusOf(free)]).toEqual(['trashed', 'deleted'])
    await close(caseId)
    expect(await sweep()).toBe(1)
    expect(await statusOf(held)).toBe('deleted')
  })

  it('stays when it is deleted from the trash, or was taken down', async () => {
    const [trashed, takenDown] = [await photo(), await photo()]
    const cases = [await openCase('photo', trashed), await openCase('photo', takenDown)]
    await call(ann, 'DELETE', `/photos/${trashed}`)
    await world.db.transaction((tx) => takeDownPhoto(tx, takenDown))
    for (const photoId of [trashed, takenDown]) {
      expect((await erase(photoId)).status).toBe(204)
      expect((await answers(photoId)).statuses).toEqual([404, 404, 404])
      expect(await statusOf(photoId)).toBe('trashed')
    }
    expect(await sweep()).toBe(0)
    // A measure that is taken back brings nothing back that its owner has deleted.
    await world.db.transaction((tx) => restorePhoto(tx, takenDown, 1_000))
    expect((await answers(takenDown)).statuses).toEqual([404, 404, 404])
    await Promise.all(cases.map(close))
    expect(await sweep()).toBe(2)
  })

  it('can still be put into the trash and restored from there', async () => {
    const photoId = await photo()
    await openCase('photo', photoId)
    await call(ann, 'DELETE', `/photos/${photoId}`)
    expect((await call(ann, 'POST', `/photos/${photoId}/restore`)).status).toBe(200)
    expect(await statusOf(photoId)).toBe('ready')
  })

  it('is erased when the days of evidence are over, whatever the case', async () => {
    const photoId = await photo()
    await openCase('photo', photoId)
    await erase(photoId)
    await world.db.primary({
      text: `UPDATE trashed_photos SET trashed_at = now() - interval '184 days' WHERE photo_id = $1`,
      values: [photoId],
    })
    expect(await sweep()).toBe(1)
  })

  it('that was never published is deleted at once', async () => {
    const photoId = await photo({ status: 'processing' })
    await openCase('photo', photoId)
    expect((await erase(photoId)).status).toBe(204)
    expect(await statusOf(photoId)).toBe('deleted')
  })
})

describe('a report and a deletion at once', () => {
  it('keep the photo exactly if the report was taken', async () => {
    const photoIds = await Promise.all(Array.from({ length: 8 }, () => photo()))
    const reported = await Promise.all(
      photoIds.map(async (photoId, n) => {
        const subject = { type: 'photo', id: photoId }
        const report = () => call(bob, 'POST', '/reports', { subject, reason: 'nudity' })
        const both = n % 2 === 0 ? [report(), erase(photoId)] : [erase(photoId), report()]
        const statuses = (await Promise.all(both)).map(({ status }) => status)
        return statuses.includes(201)
      }),
    )
    const kept = await Promise.all(photoIds.map(async (photoId) => (await statusOf(photoId)) === 'trashed'))
    expect(kept).toEqual(reported)
  })
})

describe('a comment under review', () => {
  it('is kept after its deletion until its case is closed, with its thread', async () => {
    const photoId = await photo()
    const say = async (who: Person, text: string, parentId?: string) =>
      (await call(who, 'POST', `/photos/${photoId}/comments`, { text, parentId })).body.comment.id
    const thread = await say(ann, 'Fog!')
    const reply = await say(bob, 'Mist.', thread)
    const caseId = await openCase('comment', reply)
    expect((await call(ann, 'DELETE', `/comments/${thread}`)).status).toBe(204)
    const run = () => sweepComments(world.db.primary, EVIDENCE_DAYS).run()
    expect(await run()).toBe(0)
    expect((await call(bob, 'GET', `/comments/${reply}`)).status).toBe(404)
    await close(caseId)
    expect(await run()).toBe(2)
  })
})
