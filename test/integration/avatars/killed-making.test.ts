import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AVATAR_SPECS } from '../../../src/domain/avatars.ts'
import type { UserId } from '../../../src/domain/ids.ts'
import { openImageProcessor, type ImageProcessor } from '../../../src/infra/image/processor.ts'
import { createAvatarSteps } from '../../../src/services/avatars/avatar-steps.ts'
import { createAvatarUploads } from '../../../src/services/avatars/avatar-uploads.ts'
import { createMakeAvatar } from '../../../src/services/avatars/make-avatar.ts'
import { incomingKey, variantsPrefix } from '../../../src/services/photos/object-keys.ts'
import { mortals, type Death } from '../../support/mortal.ts'
import { openUploadWorld, silent, somePhoto, type UploadWorld } from '../../support/worlds/upload-world.ts'

const UNDYING: Death = { at: 0, isDone: false }
/** More calls than the step makes. */
const MOST_CALLS = 40

let world: UploadWorld
let images: ImageProcessor
beforeAll(async () => {
  world = await openUploadWorld()
  images = openImageProcessor({ children: 1, sandbox: 'auto', logger: silent })
})
afterAll(async () => {
  await images?.close()
  await world?.close()
})

async function claimed(ownerId: UserId): Promise<string> {
  const body = await somePhoto(64, 48)
  const outbox = { ...world.outbox, dispatch: async () => undefined }
  await createAvatarUploads({ db: world.db, objects: world.objects, outbox, uploadExpirySeconds: 900 }).open(
    ownerId,
    { contentType: 'image/jpeg', bytes: body.length },
  )
  const [row] = await world.db.primary<{ avatar_id: string }>({
    text: `SELECT avatar_id FROM avatars WHERE owner_id = $1 AND status = 'awaiting_upload'`,
    values: [ownerId],
  })
  await world.objects.put(incomingKey(row!.avatar_id), body, 'image/jpeg')
  expect(await createAvatarSteps(world).claim(row!.avatar_id)).toEqual({ outcome: 'claimed' })
  return row!.avatar_id
}

/** The step of a worker that may die. */
async function make(avatarId: string, death: Death = UNDYING) {
  const { db, objects, hasDied } = mortals({ db: world.db, objects: world.objects }, death)
  const outbox = { dispatch: async () => undefined }
  const judgePicture = async () => 'allow' as const
  const outcome = await createMakeAvatar({ db, objects, outbox, images, judgePicture, maxPixels: 1_000_000 })(
    avatarId,
  ).catch((error: unknown) => {
    if (!hasDied()) throw error
    return undefined
  })
  return { outcome, hasDied: hasDied() }
}

async function shown(ownerId: UserId) {
  const [row] = await world.db.primary<{ avatar_id: string | null; owed: number }>({
    text: `SELECT avatar_id, (SELECT count(*)::int FROM retractions WHERE owner_id = $1) AS owed FROM users WHERE user_id = $1`,
    values: [ownerId],
  })
  return row!
}

async function storedOf(avatarId: string): Promise<number> {
  let stored = 0
  for await (const _ of world.objects.list(variantsPrefix(avatarId))) stored++
  return stored
}

describe('the making of an avatar', () => {
  it('shows it once, wherever its worker is killed before it tries again', async () => {
    for (let at = 1, hasDied = true; hasDied; at++) {
      expect(at).toBeLessThan(MOST_CALLS)
      for (const isDone of [false, true]) {
        const owner = await world.owner()
        const before = await claimed(owner)
        await make(before)
        const avatarId = await claimed(owner)
        hasDied = (await make(avatarId, { at, isDone })).hasDied
        // Until the new one is whole, the one before is shown.
        expect([before, avatarId]).toContain((await shown(owner)).avatar_id)
        expect((await make(avatarId)).outcome).toEqual({ outcome: 'published' })
        expect(await shown(owner)).toEqual({ avatar_id: avatarId, owed: 1 })
        expect(await storedOf(avatarId)).toBe(AVATAR_SPECS.length)
      }
    }
  })

  it('shows nothing of an upload that was given up meanwhile', async () => {
    const owner = await world.owner()
    const avatarId = await claimed(owner)
    const steps = createAvatarSteps(world)
    expect(await steps.close(avatarId, { code: 'upload_aborted', detail: '' })).toBe(true)
    expect((await make(avatarId)).outcome).toEqual({ outcome: 'gone' })
    expect((await shown(owner)).avatar_id).toBeNull()
    expect(await storedOf(avatarId)).toBe(0)
  })

  it('shows the one that is ready last, of two at once', async () => {
    const owner = await world.owner()
    const [one, other] = [await claimed(owner), uuidv7()]
    await world.db.primary({
      text: `INSERT INTO avatars (avatar_id, owner_id, status, content_type, bytes, upload_expires_at)
        SELECT $2, owner_id, status, content_type, bytes, upload_expires_at FROM avatars WHERE avatar_id = $1`,
      values: [one, other],
    })
    await world.objects.copy(incomingKey(one), incomingKey(other))
    const made = await Promise.all([make(one), make(other)])
    expect(made.map(({ outcome }) => outcome)).toEqual([{ outcome: 'published' }, { outcome: 'published' }])
    const rows = await world.db.primary<{ avatar_id: string; status: string }>({
      text: 'SELECT avatar_id, status FROM avatars WHERE owner_id = $1',
      values: [owner],
    })
    const { avatar_id: last, owed } = await shown(owner)
    expect(rows.map(({ status }) => status).sort()).toEqual(['ready', 'retired'])
    expect(rows.find(({ status }) => status === 'ready')!.avatar_id).toBe(last)
    expect(owed).toBe(1)
  })
})
