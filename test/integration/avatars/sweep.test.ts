import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AvatarStatus } from '../../../src/domain/avatars.ts'
import { sweepAvatars } from '../../../src/services/avatars/sweep-avatars.ts'
import { openUploadWorld, type UploadWorld } from '../../support/worlds/upload-world.ts'

let world: UploadWorld
let owner: string
beforeAll(async () => {
  world = await openUploadWorld()
  owner = await world.owner()
})
afterAll(() => world?.close())

async function build(status: AvatarStatus, ageHours: number, isOwed = false): Promise<string> {
  const avatarId = uuidv7()
  await world.db.primary({
    text: `INSERT INTO avatars (avatar_id, owner_id, status, content_type, bytes, upload_expires_at, created_at)
      VALUES ($1, $2, $3, 'image/jpeg', 1, now(), now() - $4 * interval '1 hour')`,
    values: [avatarId, owner, status, ageHours],
  })
  if (isOwed)
    await world.db.primary({
      text: `INSERT INTO retractions (subject, owner_id, min_epoch, since) VALUES ('photo/' || $1::uuid, $2, 1, now())`,
      values: [avatarId, owner],
    })
  return avatarId
}

it('uploads that are over are forgotten, and no avatar that is owed', async () => {
  const kept = [
    await build('ready', 1_000),
    await build('failed', 23),
    await build('processing', 71),
    await build('awaiting_upload', 71),
    await build('retired', 1_000, true),
  ]
  const over = [
    await build('failed', 25),
    await build('processing', 73),
    await build('awaiting_upload', 73),
    await build('retired', 25),
  ]
  expect(await sweepAvatars(world.db.primary).run()).toBeGreaterThanOrEqual(over.length)
  const rows = await world.db.primary<{ avatar_id: string }>({
    text: 'SELECT avatar_id FROM avatars WHERE owner_id = $1',
    values: [owner],
  })
  expect(rows.map((row) => row.avatar_id).sort()).toEqual(kept.sort())
})
