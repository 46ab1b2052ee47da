import type { Sweep } from '../../contracts/housekeeping.ts'
import type { AvatarStatus } from '../../domain/avatars.ts'
import { isUuid, type PhotoId } from '../../domain/ids.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import { SweepPosition } from '../../entities/index.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import type { Cdn } from '../../infra/cdn/cdn.ts'
import type { ObjectStore, StoredObject } from '../../infra/s3/object-store.ts'
import { ORIGINALS, originalKey, RESTORED } from '../blobs/blob-keys.ts'
import { namedByBlobs } from '../blobs/sweep-blobs.ts'
import { epochOfKey } from '../photos/object-keys.ts'
import { variantsAt } from './avatars.ts'
import { purgeAt } from './refuse-at-edge.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Steps that are under way name an object within minutes. */
const UNNAMED_KEPT_MS = DAY_MS
/** An object whose photo has no row at all: the database may have been restored, and its rows may yet come back. */
const UNKNOWN_KEPT_MS = 30 * DAY_MS

const BATCH_OBJECTS = 500
/** In one run, so that a bucket of millions is gone through slowly: a million in four days. */
const MAX_OBJECTS = 10_000

const PREFIXES = [ORIGINALS, RESTORED, 'variants/']

export interface StoredObjectsDeps {
  db: Pick<Database, 'primary' | 'transaction'>
  objects: ObjectStore
  cdn: Cdn
  now?: () => number
  maxObjects?: number
}

/**
 * Compares what is stored with the rows, a stretch of keys at a time: an object that no row names is what a crash between two
 * steps or a lost workflow has left, and an edge that forgot its denial would serve it again.
 */
export function sweepStoredObjects(deps: StoredObjectsDeps): Sweep {
  const { db, objects, now = Date.now, maxObjects = MAX_OBJECTS } = deps
  const { primary } = db
  return {
    name: 'storedObjects',
    summary: 'Compare the next stored objects with their rows',
    async run(signal) {
      let deleted = 0
      let seen = 0
      for (const prefix of PREFIXES) {
        const name = `storedObjects/${prefix}`
        let batch: StoredObject[] = []
        let isAtEnd = true
        const finish = async () => {
          if (batch.length === 0) return
          deleted += await deleteUnnamed(deps, batch, now())
          await keepPosition(primary, name, batch.at(-1)!.key)
          batch = []
        }
        for await (const object of objects.list(prefix, await positionOf(primary, name))) {
          signal?.throwIfAborted()
          batch.push(object)
          seen++
          if (batch.length === BATCH_OBJECTS) await finish()
          if (seen >= maxObjects) {
            isAtEnd = false
            break
          }
        }
        await finish()
        if (!isAtEnd) return deleted
        // The next run begins again.
        await keepPosition(primary, name, '')
      }
      return deleted
    },
  }
}

/** A photo or an avatar. */
interface Named {
  status: PhotoStatus | AvatarStatus
  keys: Set<string>
}

async function deleteUnnamed(
  { db, objects, cdn }: StoredObjectsDeps,
  batch: readonly StoredObject[],
  nowMs: number,
): Promise<number> {
  const photoIdOf = (key: string): PhotoId | undefined => {
    const id = key.split('/')[1]
    return id !== undefined && isUuid(id) ? id : undefined
  }
  const photoIds = [...new Set(batch.map(({ key }) => photoIdOf(key)).filter((id) => id !== undefined))]
  const photos = new Map([
    ...(await readPhotos(db.primary, photoIds)),
    ...(await readAvatars(db.primary, photoIds)),
  ])
  const blobs = await namedByBlobs(db, photoIds)
  const unnamed = batch.filter(({ key, lastModified }) => {
    const photoId = photoIdOf(key)
    // Not one of ours.
    if (photoId === undefined) return false
    const photo = photos.get(photoId)
    const blob = blobs.get(photoId)
    const keptMs = photo || blob ? UNNAMED_KEPT_MS : UNKNOWN_KEPT_MS
    const isNamed = blob?.has(key) || (photo && isNamedBy(photo, photoId, key))
    return !isNamed && nowMs - lastModified.getTime() > keptMs
  })
  if (unnamed.length === 0) return 0
  const keys = unnamed.map(({ key }) => key)
  const served = keys.filter((key) => epochOfKey(key) !== undefined)
  const purge = async () => {
    for (const target of [...cdn.edges, ...cdn.fronts]) await purgeAt(cdn, target, served)
  }
  // Before too: once the objects are gone, no later run would find them for an edge that is away now.
  await purge()
  await objects.delete(keys)
  await purge()
  return keys.length
}

function isNamedBy({ status, keys }: Named, photoId: PhotoId, key: string): boolean {
  // Validation copies the original before a blob names it.
  if (key.startsWith(ORIGINALS)) return key === originalKey(photoId) && status === 'processing'
  return keys.has(key)
}

async function readPhotos(primary: Query, photoIds: readonly PhotoId[]): Promise<Map<PhotoId, Named>> {
  const rows = await primary<{
    photo_id: PhotoId
    status: PhotoStatus
    keys: string[]
  }>({
    text: `SELECT p.photo_id, p.status, ARRAY(SELECT v.object_key FROM photo_variants v WHERE v.photo_id = p.photo_id) AS keys
      FROM photos p WHERE p.photo_id = ANY ($1::uuid[])`,
    values: [photoIds],
  })
  return new Map(rows.map((row) => [row.photo_id, { status: row.status, keys: new Set(row.keys) }]))
}

/** Avatars lie among the variants of photos. Plan: avatars_pkey and users_pkey. */
async function readAvatars(primary: Query, ids: readonly string[]): Promise<Map<string, Named>> {
  const rows = await primary<{ avatar_id: string; status: AvatarStatus; avatar_epoch: number | null }>({
    text: `SELECT a.avatar_id, a.status, u.avatar_epoch
      FROM avatars a LEFT JOIN users u ON u.user_id = a.owner_id AND u.avatar_id = a.avatar_id
      WHERE a.avatar_id = ANY ($1::uuid[])`,
    values: [ids],
  })
  return new Map(
    rows.map(({ avatar_id: id, status, avatar_epoch: epoch }) => {
      const keys = epoch === null ? [] : variantsAt(id, epoch).map(({ objectKey }) => objectKey)
      return [id, { status, keys: new Set(keys) }]
    }),
  )
}

async function positionOf(primary: Query, name: string): Promise<string> {
  const [row] = await primary<{ position: string }>({
    text: 'SELECT position FROM sweep_positions WHERE name = $1',
    values: [name],
  })
  return row?.position ?? ''
}

async function keepPosition(primary: Query, name: string, position: string): Promise<void> {
  await run(
    primary,
    insertRow(SweepPosition, { name, position }).onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ position }),
    ),
  )
}
