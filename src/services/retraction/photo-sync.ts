import type { MoveOutcome, StaleVariant, SyncPlan } from '../../contracts/activities/retraction.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { imageUrl } from '../photos/image-url.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import type { Cdn } from '../../infra/cdn/cdn.ts'
import type { Database } from '../../infra/db/database.ts'
import { ObjectMissingError, type ObjectStore } from '../../infra/s3/object-store.ts'
import { epochOfKey, incomingKey, keyAtEpoch, originalKey, variantsPrefix } from '../photos/object-keys.ts'
import { holdPhoto } from '../photos/photo-row.ts'

export interface PhotoSyncDeps {
  db: Database
  objects: ObjectStore
  cdn: Cdn
  /** For signing the URLs that the edges are tested with. */
  cdnBaseUrl: string
  cdnSigningKey: string
}

/** Brings objects and edges in line with a photo's row. Each step may run twice. */
export interface PhotoSync {
  plan(photoId: PhotoId): Promise<SyncPlan>
  /** Makes every edge refuse URLs below the epoch. @throws DarkroomError `unavailable` until all confirm */
  deny(photoId: PhotoId, minEpoch: number): Promise<void>
  /** Copies stale variants to keys under the epoch, switches their rows and deletes the old objects. */
  move(photoId: PhotoId, accessEpoch: number, stale: readonly StaleVariant[]): Promise<MoveOutcome>
  /** The keys of all stored objects of the photo. */
  listObjects(photoId: PhotoId): Promise<string[]>
  /** Deletes objects and the rows that name them. */
  deleteObjects(photoId: PhotoId, keys: readonly string[]): Promise<void>
  /**
   * Purges the keys from every edge, then asks every edge for the URLs that were issued for them.
   * @returns how many cached entries were dropped
   * @throws EdgeStillServesError if one was not refused, DarkroomError `unavailable` if an edge did not answer
   */
  refuse(photoId: PhotoId, keys: readonly string[]): Promise<{ purged: number }>
}

/** An edge still serves a URL that it must refuse. */
class EdgeStillServesError extends Error {
  override readonly name = 'EdgeStillServesError'
}

export function createPhotoSync({ db, objects, cdn, cdnBaseUrl, cdnSigningKey }: PhotoSyncDeps): PhotoSync {
  return {
    plan: (photoId) => readPlan(db, photoId),
    deny: (photoId, minEpoch) => cdn.deny(photoId, minEpoch),

    async move(photoId, accessEpoch, stale) {
      const moves = stale.map((old) => ({ ...old, newKey: keyAtEpoch(old.objectKey, accessEpoch) }))
      for (const { objectKey, newKey } of moves) await copyUnlessDone(objects, objectKey, newKey)
      const { outcome, recorded } = await switchRows(db, photoId, accessEpoch, moves)
      // Delete the objects that no row names: the old ones, or the copies after another narrowing. The
      // rows are read again because an earlier try may have switched them before it died.
      const keys = moves.flatMap(({ objectKey, newKey }) => [objectKey, newKey])
      const removed = keys.filter((key) => !recorded.has(key))
      if (removed.length > 0) await objects.delete(removed)
      return { outcome, removed }
    },

    async listObjects(photoId) {
      const keys: string[] = []
      for (const key of [incomingKey(photoId), originalKey(photoId)]) {
        if (await objects.head(key)) keys.push(key)
      }
      for await (const { key } of objects.list(variantsPrefix(photoId))) keys.push(key)
      return keys
    },

    async deleteObjects(photoId, keys) {
      if (keys.length > 0) await objects.delete(keys)
      await db.primary({
        text: `DELETE FROM photo_variants v USING photos p
          WHERE v.photo_id = $1 AND p.photo_id = v.photo_id AND p.status = 'deleted'`,
        values: [photoId],
      })
    },

    async refuse(photoId, keys) {
      const served = keys.filter((key) => key.startsWith(variantsPrefix(photoId)))
      if (served.length === 0) return { purged: 0 }
      const findings = await cdn.purge(served.map((key) => `/${key}`))
      const urls = served.flatMap((key) =>
        [true, false].map((isPublic) => {
          // The URL as issued before the epoch moved, since later ones name an object that is gone.
          const accessEpoch = epochOfKey(key)!
          const options = { baseUrl: cdnBaseUrl, key, accessEpoch, isPublic, signingKey: cdnSigningKey }
          return imageUrl({ ...options, now: new Date() }).url
        }),
      )
      const proof = await cdn.proveRefused(urls)
      if (!proof.refused) {
        const served = proof.answers.filter((answer) => !answer.refused)
        throw new EdgeStillServesError(`${served.length} URLs are still served: ${served[0]!.path}`)
      }
      return { purged: findings.filter(({ found }) => found === 'cached').length }
    },
  }
}

async function readPlan(db: Database, photoId: PhotoId): Promise<SyncPlan> {
  const [photo] = await db.primary<{
    status: PhotoStatus
    version: number
    access_epoch: number
    was_published: boolean
    variants: StaleVariant[]
  }>({
    text: `
      SELECT status, version, access_epoch, published_at IS NOT NULL AS was_published,
        (SELECT coalesce(json_agg(json_build_object('variant', variant, 'format', format, 'objectKey', object_key)), '[]')
          FROM photo_variants v WHERE v.photo_id = p.photo_id) AS variants
      FROM photos p WHERE photo_id = $1`,
    values: [photoId],
  })
  if (!photo) return { state: 'unpublished', version: 0 }
  const { version, access_epoch: accessEpoch } = photo
  if (photo.status === 'deleted') {
    return { state: 'deleted', version, accessEpoch, wasPublished: photo.was_published }
  }
  if (photo.status !== 'ready') return { state: 'unpublished', version }
  const stale = photo.variants.filter(({ objectKey }) => {
    const epoch = epochOfKey(objectKey)
    return epoch !== undefined && epoch < accessEpoch
  })
  return { state: 'published', version, accessEpoch, stale }
}

/** If an earlier try has already deleted the source, a retry finds the copy in place. */
async function copyUnlessDone(objects: ObjectStore, from: string, to: string): Promise<void> {
  try {
    await objects.copy(from, to)
  } catch (error) {
    if (!(error instanceof ObjectMissingError) || !(await objects.head(to))) throw error
  }
}

interface Move extends StaleVariant {
  newKey: string
}

/** `superseded` if the photo was narrowed again or is no longer published, which has its own plan. */
async function switchRows(
  db: Database,
  photoId: PhotoId,
  accessEpoch: number,
  moves: readonly Move[],
): Promise<{ outcome: 'moved' | 'superseded'; recorded: Set<string> }> {
  return db.transaction(async ({ query }) => {
    const photo = await holdPhoto(query, photoId)
    const isCurrent = photo?.status === 'ready' && photo.accessEpoch === accessEpoch
    if (isCurrent) {
      await query({
        text: `
          UPDATE photo_variants v SET object_key = moved.new_key
          FROM unnest($2::text[], $3::text[]) AS moved (old_key, new_key)
          WHERE v.photo_id = $1 AND v.object_key = moved.old_key`,
        values: [photoId, moves.map(({ objectKey }) => objectKey), moves.map(({ newKey }) => newKey)],
      })
    }
    const rows = await query<{ object_key: string }>({
      text: 'SELECT object_key FROM photo_variants WHERE photo_id = $1',
      values: [photoId],
    })
    return {
      outcome: isCurrent ? 'moved' : 'superseded',
      recorded: new Set(rows.map((row) => row.object_key)),
    }
  })
}
