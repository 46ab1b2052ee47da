import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { maySee, type Relations } from '../../../src/domain/access.ts'
import type { UserId } from '../../../src/domain/ids.ts'
import { VISIBILITIES, type PhotoStatus, type Visibility } from '../../../src/domain/visibility.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import { buildUser } from '../../support/factories/accounts.ts'
import { buildPhoto } from '../../support/factories/photos.ts'
import { openWorld, type World } from '../../support/worlds/feed-world.ts'

interface State {
  status: PhotoStatus
  visibility: Visibility
}

let world: World
let db: Database
let owner: UserId
beforeAll(async () => {
  world = await openWorld()
  db = world.db
  owner = (await buildUser(db)).userId
})
afterAll(() => world?.close())

const NOTHING: Relations = {
  owner: { status: 'active', isPrivate: false },
  follows: false,
  blocking: false,
  blockedBy: false,
  isInAlbumOfLink: false,
  grantedByLink: false,
  grantedByMembership: false,
}
const OTHERS: readonly Relations[] = [
  NOTHING,
  { ...NOTHING, follows: true },
  { ...NOTHING, grantedByMembership: true },
]

/** Whether the owner (outside the trash, and anywhere), a stranger, a follower and a member of an album with the photo may see it in this state. */
function audience(state: State): boolean[] {
  const photo = { ownerId: owner, ...state }
  const isSeen = maySee({ kind: 'user', userId: owner }, photo, NOTHING)
  return [
    isSeen,
    isSeen || state.status === 'trashed',
    ...OTHERS.map((relations) => maySee({ kind: 'user', userId: '1' }, photo, relations)),
  ]
}

const STATES: State[] = (['ready', 'quarantined', 'trashed', 'deleted'] as const).flatMap((status) =>
  VISIBILITIES.map((visibility) => ({ status, visibility })),
)
const CHANGES = STATES.flatMap((from) => STATES.map((to) => ({ from, to })))
const COMMIT = `SELECT current_setting('synchronous_commit') AS commit`

describe('a change of a published photo', () => {
  it('retracts it exactly if somebody loses the right to see it', async () => {
    const wrong: unknown[] = []
    for (const { from, to } of CHANGES) {
      const left = audience(to)
      const narrows = audience(from).some((saw, viewer) => saw && !left[viewer])
      const { photoId } = await buildPhoto(db, owner, from)
      const seen = await db.transaction(async ({ query }) => {
        const [photo] = await query<{ access_epoch: number }>({
          text: 'UPDATE photos SET status = $2, visibility = $3 WHERE photo_id = $1 RETURNING access_epoch',
          values: [photoId, to.status, to.visibility],
        })
        const owed = await query({
          text: 'SELECT FROM retractions WHERE subject = $1',
          values: [`photo/${photoId}`],
        })
        const [{ commit } = { commit: '' }] = await query<{ commit: string }>({ text: COMMIT })
        return [photo!.access_epoch > 1, owed.length > 0, commit === 'remote_apply']
      })
      if (seen.some((it) => it !== narrows)) wrong.push({ from, to, narrows, seen })
    }
    expect(wrong).toEqual([])
  })

  it.each(['share_location', 'share_camera', 'share_taken_at', 'share_text', 'allow_download'])(
    'waits for the replica if it ends %s',
    async (flag) => {
      const { photoId } = await buildPhoto(db, owner)
      const commitAfter = (value: boolean) =>
        db.transaction(async ({ query }) => {
          await query({
            text: `UPDATE photos SET ${flag} = $2 WHERE photo_id = $1`,
            values: [photoId, value],
          })
          const [row] = await query<{ commit: string }>({ text: COMMIT })
          return row!.commit
        })
      expect(await commitAfter(true)).not.toBe('remote_apply')
      expect(await commitAfter(false)).toBe('remote_apply')
    },
  )

  it('is retracted, without its copy, when downloads end', async () => {
    const { photoId } = await buildPhoto(db, owner, { hasVariants: true })
    const set = (sets: string) =>
      db.primary({ text: `UPDATE photos SET ${sets} WHERE photo_id = $1`, values: [photoId] })
    const state = () =>
      db.primary({
        text: `SELECT access_epoch, r.min_epoch, array(SELECT variant FROM photo_variants v WHERE v.photo_id = p.photo_id ORDER BY 1) AS variants
          FROM photos p LEFT JOIN retractions r ON r.subject = 'photo/' || p.photo_id WHERE p.photo_id = $1`,
        values: [photoId],
      })
    const [before] = await state()
    await set('allow_download = true')
    await db.primary({
      text: `INSERT INTO photo_variants (photo_id, variant, format, object_key, width, height, bytes) VALUES ($1, 'download', 'jpeg', 'k', 1, 1, 1)`,
      values: [photoId],
    })
    await set('allow_download = true')
    const withCopy = { ...before, variants: ['download', 'original', 'thumb_200'] }
    expect(await state()).toEqual([withCopy])
    await set('allow_download = false')
    const epoch = Number(before!.access_epoch) + 1
    expect(await state()).toEqual([{ ...before, access_epoch: epoch, min_epoch: epoch }])
  })

  it.each([
    ['share_location', 'longitude = 1'],
    ['share_location', 'latitude = NULL, longitude = NULL'],
    ['share_taken_at', 'taken_at = NULL'],
    ['share_taken_at', 'limited_at = now()'],
    ['share_taken_at', 'sensitive = true'],
  ])('waits for the replica if it takes away what %s shows: %s', async (flag, change) => {
    const { photoId } = await buildPhoto(db, owner, { latitude: 48 })
    const commitAfter = (sets: string) =>
      db.transaction(async ({ query }) => {
        await query({ text: `UPDATE photos SET ${sets} WHERE photo_id = $1`, values: [photoId] })
        const [row] = await query<{ commit: string }>({ text: COMMIT })
        return row!.commit
      })
    await commitAfter(`share_taken_at = false`)
    expect(await commitAfter(`taken_at = '2024-01-01', latitude = 47`)).not.toBe('remote_apply')
    await commitAfter(`${flag} = true`)
    expect(await commitAfter(change)).toBe('remote_apply')
  })
})

describe('a change of an account', () => {
  it('waits for the replica if it hides its photos from explore', async () => {
    const commitAfter = (hidden: boolean) =>
      db.transaction(async ({ query }) => {
        await query({
          text: 'UPDATE users SET hidden_from_explore = $2 WHERE user_id = $1',
          values: [owner, hidden],
        })
        const [row] = await query<{ commit: string }>({ text: COMMIT })
        return row!.commit
      })
    expect(await commitAfter(true)).toBe('remote_apply')
    expect(await commitAfter(true)).not.toBe('remote_apply')
    expect(await commitAfter(false)).not.toBe('remote_apply')
  })
})
