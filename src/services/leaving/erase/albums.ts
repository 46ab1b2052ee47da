import type { AlbumId, UserId } from '../../../domain/ids.ts'
import type { LinkId } from '../../../domain/viewer.ts'
import type { Database, Transaction } from '../../../infra/db/database.ts'
import { lockAlbum } from '../../albums/held-album.ts'
import { endMembership } from '../../albums/member-changes.ts'
import { addToOutbox, type Outbox } from '../../delivery/outbox.ts'
import { countRemoved, deleteCounted, type Erased, type ErasureStep } from './step.ts'

const BATCH_PHOTOS = 200
const BATCH_ROWS = 500

type Albums = readonly { album_id: AlbumId }[]

// Plan of each: albums_owner_idx, album_members_user_idx, share_links_creator_idx.
const OWN = 'SELECT album_id FROM albums WHERE owner_id = $1 LIMIT 1'
const ELSEWHERE = `SELECT album_id FROM album_members WHERE user_id = $1 AND role <> 'owner' LIMIT 1`
const LINKS = `
  WITH gone AS (DELETE FROM share_links WHERE link_id IN (
    SELECT link_id FROM share_links WHERE created_by = $1 ORDER BY link_id LIMIT $2) RETURNING link_id, album_id)
  SELECT g.link_id, a.owner_id FROM gone g JOIN albums a USING (album_id)`
const LINKS_OF_ALBUM = `DELETE FROM share_links WHERE album_id = $1 RETURNING link_id`
const EMPTY_PHOTOS = `
  DELETE FROM album_photos WHERE album_id = $1 AND photo_id IN (
    SELECT photo_id FROM album_photos WHERE album_id = $1 LIMIT $2) RETURNING 1`
const EMPTY_ACTIVITY = `
  DELETE FROM album_activity WHERE activity_id IN (
    SELECT activity_id FROM album_activity WHERE album_id = $1 LIMIT $2) RETURNING 1`
const EMPTIED = 'DELETE FROM albums WHERE album_id = $1 RETURNING 1'
// Plan: album_activity_actor_idx and album_activity_user_idx.
const ACTIVITY = `
  DELETE FROM album_activity WHERE activity_id IN (
    SELECT activity_id FROM album_activity WHERE actor_id = $1 OR user_id = $1 LIMIT $2) RETURNING 1`

/** Ends the account's albums, its share links, its memberships of others' albums, and what their activity tells of it. */
export function eraseAlbums({
  db,
  outbox,
}: {
  db: Pick<Database, 'primary' | 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
}): ErasureStep {
  async function within(work: (tx: Transaction) => Promise<string[] | undefined>): Promise<boolean> {
    const outboxIds = await db.transaction(work)
    if (outboxIds === undefined) return false
    await outbox.dispatch(outboxIds)
    return true
  }

  return {
    name: 'albums',
    async next(account) {
      const { userId } = account
      const [own] = await db.primary<Albums[number]>({ text: OWN, values: [userId] })
      if (own) {
        await within((tx) => emptyAlbum(tx, account, own.album_id))
        return 'more'
      }
      if (await within((tx) => endLinks(tx, account))) return 'more'
      const [elsewhere] = await db.primary<Albums[number]>({ text: ELSEWHERE, values: [userId] })
      if (elsewhere) {
        await db.transaction(async (tx) => {
          await lockAlbum(tx, elsewhere.album_id)
          const isEnded = await endMembership(tx, elsewhere.album_id, userId)
          if (isEnded)
            await countRemoved(tx.query, account, { store: 'postgres', what: 'album_members', removed: 1 })
        })
        return 'more'
      }
      const removed = await deleteCounted(db.primary, account, {
        table: 'album_activity',
        deletion: ACTIVITY,
        limit: BATCH_ROWS,
      })
      return removed === BATCH_ROWS ? 'more' : 'done'
    },
  }
}

/** Takes the next photos and entries out of an album, and deletes it once it is empty, so that nothing goes by a long cascade. */
async function emptyAlbum(tx: Transaction, account: Erased, albumId: AlbumId): Promise<string[]> {
  await lockAlbum(tx, albumId)
  const links = await tx.query<{ link_id: LinkId }>({ text: LINKS_OF_ALBUM, values: [albumId] })
  const photos = await tx.query({ text: EMPTY_PHOTOS, values: [albumId, BATCH_PHOTOS] })
  const entries = await tx.query({ text: EMPTY_ACTIVITY, values: [albumId, BATCH_ROWS] })
  const isEmpty = photos.length < BATCH_PHOTOS && entries.length < BATCH_ROWS
  const albums = isEmpty ? await tx.query({ text: EMPTIED, values: [albumId] }) : []
  await countRemoved(
    tx.query,
    account,
    { store: 'postgres', what: 'share_links', removed: links.length },
    { store: 'postgres', what: 'album_photos', removed: photos.length },
    { store: 'postgres', what: 'album_activity', removed: entries.length },
    { store: 'postgres', what: 'albums', removed: albums.length },
  )
  return oweLinks(
    tx,
    links.map((link) => ({ ...link, owner_id: account.userId })),
  )
}

/** Those that the account made for others' albums. */
async function endLinks(tx: Transaction, account: Erased): Promise<string[] | undefined> {
  const links = await tx.query<{ link_id: LinkId; owner_id: UserId }>({
    text: LINKS,
    values: [account.userId, BATCH_ROWS],
  })
  if (links.length === 0) return undefined
  await countRemoved(tx.query, account, { store: 'postgres', what: 'share_links', removed: links.length })
  return oweLinks(tx, links)
}

async function oweLinks(
  tx: Transaction,
  links: readonly { link_id: LinkId; owner_id: UserId }[],
): Promise<string[]> {
  const outboxIds: string[] = []
  for (const { link_id: linkId, owner_id: ownerId } of links)
    outboxIds.push(await addToOutbox(tx, { kind: 'linkChanged', payload: { linkId, ownerId } }))
  return outboxIds
}
