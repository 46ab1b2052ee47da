import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { takeDownPhoto } from '../../../src/services/moderation/measures.ts'
import { grantRole } from '../../../src/services/moderation/roles.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let ann: Person
let moderator: Person
beforeAll(async () => {
  world = await openApiWorld()
  ann = await world.signUp()
  moderator = await world.signUp()
  for (const { username } of [moderator, ann]) await grantRole(world.db, username, 'moderator')
})
afterAll(() => world?.close())

/** A case about a photo of ann's whose picture is stored. */
async function openCase(visibility: 'public' | 'private' = 'public') {
  const photoId = await world.seedPhoto({ ownerId: ann.id, visibility })
  await world.db.primary({
    text: `UPDATE photos SET thumbhash = '3OcRJYB4d3h/iIeHeEh3eIhw+j2w', width = 800, height = 600 WHERE photo_id = $1`,
    values: [photoId],
  })
  const variants = await world.db.primary<{ object_key: string; variant: string }>({
    text: `SELECT object_key, variant FROM photo_variants WHERE photo_id = $1 AND variant <> 'original'`,
    values: [photoId],
  })
  for (const { object_key: key, variant } of variants)
    await world.api.clients.objects.put(key, Buffer.from(variant), 'image/jpeg')
  const caseId = uuidv7()
  await world.db.primary({
    text: `INSERT INTO moderation_cases (case_id, subject_type, subject_id, owner_id, source, priority, policy_id, evidence,
        due_at) VALUES ($1, 'photo', $2, $3, 'reports', 2, 'nudity', '{"texts":{}}', now() + interval '1 day')`,
    values: [caseId, photoId, ann.id],
  })
  return { caseId, photoId }
}
const view = (who: Person, caseId: string) =>
  world.call('POST', `/v1/moderation/cases/${caseId}/views`, { token: who.token })
const views = (photoId: PhotoId) =>
  world.db.primary({
    text: `SELECT actor_id, details FROM moderation_audit WHERE action = 'picture.viewed' AND subject = 'photo/' || $1`,
    values: [photoId],
  })

describe('the picture of a case', () => {
  it('is blurred in the case, and clear by a URL that the log records', async () => {
    const { caseId, photoId } = await openCase()
    const shown = await world.call('GET', `/v1/moderation/cases/${caseId}`, { token: moderator.token })
    expect(shown.body.evidence.picture).toEqual({
      placeholder: '3OcRJYB4d3h/iIeHeEh3eIhw+j2w',
      width: 800,
      height: 600,
    })
    expect(await views(photoId)).toEqual([])
    const { status, body, headers } = await view(moderator, caseId)
    expect([status, headers.get('Cache-Control')]).toEqual([201, 'no-store'])
    expect(Date.parse(body.expiresAt) - Date.now()).toBeLessThanOrEqual(60_000)
    expect(new URL(body.url).searchParams.get('X-Amz-Expires')).toBe('60')
    const picture = await fetch(body.url)
    expect([picture.status, await picture.text()]).toEqual([200, 'thumb_200'])
    expect(picture.headers.get('Cache-Control')).toBe('no-store')
    expect(await views(photoId)).toEqual([{ actor_id: moderator.id, details: { caseId } }])
  })

  it('is there for private photos, and for those taken down or deleted', async () => {
    const [hidden, takenDown, deleted] = [await openCase('private'), await openCase(), await openCase()]
    await world.db.transaction((tx) => takeDownPhoto(tx, takenDown.photoId))
    await world.call('DELETE', `/v1/photos/${deleted.photoId}?permanent=true`, { token: ann.token })
    for (const { caseId } of [hidden, takenDown, deleted])
      expect((await view(moderator, caseId)).status).toBe(201)
  })

  it("is refused for one's own case, and once the case is closed", async () => {
    const { caseId, photoId } = await openCase()
    expect((await view(ann, caseId)).body.code).toBe('own_case')
    await world.db.primary({
      text: `UPDATE moderation_cases SET state = 'closed', closed_at = now() WHERE case_id = $1`,
      values: [caseId],
    })
    expect((await view(moderator, caseId)).body.code).toBe('case_closed')
    expect(await views(photoId)).toEqual([])
  })
})
