import { assertKeepsRules, NO_TEXT_RULES, type TextRules } from '../../domain/text-rules.ts'
import type { Readable } from 'node:stream'
import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { UserViewer, Viewer } from '../../domain/viewer.ts'
import { belongsInFeeds } from '../../domain/visibility.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import type { PhotoRow } from '../../entities/index.ts'
import { isGone } from '../../infra/db/rules.ts'
import { ObjectMissingError, type ObjectStore } from '../../infra/s3/object-store.ts'
import { originalOf } from '../blobs/read-original.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { changePhotos, updatePhotos } from './change-photos.ts'
import { deleteForGood, type DeletedPhoto } from './delete-for-good.ts'
import { editedColumns, type EditedColumns } from './edited-columns.ts'
import { loadPhotoCard, loadPhotoCards, type PhotoCard } from './photo-cards.ts'
import { markInFlight, type InFlightPhoto } from '../distribution/in-flight-marks.ts'
import type { Reader } from '../lists/list-read.ts'
import { localTime, readFileMetadata, type FileMetadata } from './file-metadata.ts'
import { readDuplicates } from './duplicates.ts'
import { readPhotosOfUser } from './photos-of-user.ts'
import type { NewPhoto } from './new-photo.ts'
import { writeTags } from './tags.ts'

type Editable = Omit<NewPhoto, 'contentType' | 'bytes' | 'sha256'>
/** Undefined leaves a field as it is; null empties it. */
type PhotoChanges = { [Field in keyof Editable]?: Editable[Field] | undefined }

interface OriginalFile {
  body: Readable
  bytes: number
  contentType: string
}

export interface Photos {
  /** On the primary. @throws DarkroomError not_found */
  get(viewer: Viewer, photoId: PhotoId): Promise<PhotoCard>
  /** In the requested order, without absent or hidden photos. */
  getMany(reader: Reader, photoIds: readonly PhotoId[]): Promise<PhotoCard[]>
  /** A photo, and what its file says about how it was taken; null for one that was uploaded before that was kept. @throws DarkroomError not_found */
  metadata(viewer: Viewer, photoId: PhotoId): Promise<{ card: PhotoCard; file: FileMetadata | null }>
  /** Ready photos of an account that the viewer may see, newest first. */
  listOf: typeof readPhotosOfUser
  /** The viewer's photos that look the same, in groups. */
  duplicates: typeof readDuplicates
  /** The original as its owner uploaded it. @throws DarkroomError not_found, rate_limited */
  openOriginal(ownerId: UserId, photoId: PhotoId): Promise<OriginalFile>
  /** @param expectedVersions if given, the photo must be at one of them. @throws DarkroomError precondition_failed */
  update(
    photo: PhotoCard,
    changes: PhotoChanges,
    expectedVersions: readonly number[] | undefined,
  ): Promise<PhotoCard>
  /** Hides the photo from everyone with the commit, for good; a workflow erases what is stored of it. */
  delete(photo: PhotoCard): Promise<void>
}

/** Originals that a process sends to one account at a time, as each holds a connection to the storage. */
const MAX_DOWNLOADS_PER_ACCOUNT = 8

export interface PhotosDeps {
  db: Database
  objects: ObjectStore
  outbox: Outbox
  /** From this many followers on, readers merge an author's photos until their push is complete. */
  fanoutShardThreshold: number
  textRules?: TextRules
}

export function createPhotos(deps: PhotosDeps): Photos {
  const { db, objects, outbox, fanoutShardThreshold, textRules = NO_TEXT_RULES } = deps

  async function cardOf(viewer: Viewer, photoId: PhotoId): Promise<PhotoCard> {
    const card = await loadPhotoCard(db.primary, viewer, photoId)
    if (!card) throw notFound('photo')
    return card
  }

  const downloads = new Map<UserId, number>()

  /** @returns a function that releases the place, once */
  function takeDownload(userId: UserId): () => void {
    const running = downloads.get(userId) ?? 0
    if (running >= MAX_DOWNLOADS_PER_ACCOUNT) {
      throw new DarkroomError('rate_limited', `At most ${MAX_DOWNLOADS_PER_ACCOUNT} downloads at a time.`, {
        retryAfterSeconds: 5,
      })
    }
    downloads.set(userId, running + 1)
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      const left = downloads.get(userId)! - 1
      if (left === 0) downloads.delete(userId)
      else downloads.set(userId, left)
    }
  }

  return {
    get: cardOf,

    async getMany({ query, viewer }, photoIds) {
      const { cards } = await loadPhotoCards(query, viewer, photoIds)
      return photoIds.map((photoId) => cards.get(photoId)).filter((card) => card !== undefined)
    },

    async metadata(viewer, photoId) {
      // The file's never changes, so that a second statement shows nothing that the first did not allow.
      const card = await cardOf(viewer, photoId)
      return { card, file: await readFileMetadata(db.primary, photoId) }
    },

    listOf: readPhotosOfUser,
    duplicates: readDuplicates,

    async openOriginal(ownerId, photoId) {
      const [row] = await db.primary<{ content_type: string; is_cold: boolean }>({
        name: 'own-original',
        text: `SELECT content_type,
            EXISTS (SELECT FROM cold_originals c WHERE c.photo_id = p.photo_id AND c.state <> 'hot') AS is_cold
          FROM photos p WHERE photo_id = $1 AND owner_id = $2 AND NOT ${isGone('p')}`,
        values: [photoId, ownerId],
      })
      const original = row && (await originalOf(db.primary, photoId))
      if (!original) throw notFound('original')
      if (row.is_cold || original.isCold) throw originalCold()
      const giveBack = takeDownload(ownerId)
      try {
        const { body, bytes } = await objects.read(original.objectKey)
        body.once('close', giveBack)
        return { body, bytes, contentType: row.content_type }
      } catch (error) {
        giveBack()
        if (error instanceof ObjectMissingError) throw notFound('original')
        throw error
      }
    },

    async update(photo, changes, expectedVersions) {
      const owner: UserViewer = { kind: 'user', userId: photo.owner.userId }
      const outboxIds = await db.transaction(async (tx) => {
        const change = await applyChanges(tx, photo.photoId, changes, { expectedVersions, textRules })
        if (change.widened) await markInFlight(tx, change.widened, fanoutShardThreshold)
        return change.outboxIds
      })
      await outbox.dispatch(outboxIds)
      return cardOf(owner, photo.photoId)
    },

    async delete({ photoId }) {
      const outboxIds = await db.transaction(async (tx) => {
        const [row] = await tx.query<DeletedPhoto>({ text: LOCK, values: [photoId] })
        if (!row) throw notFound('photo')
        return deleteForGood(tx, photoId, row)
      })
      await outbox.dispatch(outboxIds)
    },
  }
}

const originalCold = () =>
  new DarkroomError(
    'original_cold',
    'The original is in the cold storage: POST to /photos/{photoId}/original/restore, and come back when it is there.',
  )

/** One in the trash as well. */
const LOCK = `
  SELECT owner_id, status, published_at FROM photos WHERE photo_id = $1 AND status <> 'deleted' FOR NO KEY UPDATE`

const COLUMNS = {
  caption: 'caption',
  altText: 'alt_text',
  visibility: 'visibility',
  shareLocation: 'share_location',
  shareCamera: 'share_camera',
  shareTakenAt: 'share_taken_at',
  shareText: 'share_text',
  allowDownload: 'allow_download',
  commentPolicy: 'comment_policy',
  sensitive: 'sensitive',
} as const satisfies Record<Exclude<keyof PhotoChanges, 'takenAt' | 'location'>, keyof PhotoRow>

type Columns = Partial<Pick<PhotoRow, (typeof COLUMNS)[keyof typeof COLUMNS]>> & EditedColumns

function columnsOf({ takenAt, location, ...plain }: PhotoChanges): Columns {
  const named = Object.entries(plain).flatMap(([field, value]) =>
    value === undefined ? [] : [[COLUMNS[field as keyof typeof plain], value] as const],
  )
  return { ...Object.fromEntries(named), ...editedColumns({ takenAt, location }) }
}

interface Change {
  /** The outbox messages that the change owes; none if nothing changed. */
  outboxIds: string[]
  /** The photo, if the change brought it into feeds. */
  widened?: InFlightPhoto
}

async function applyChanges(
  tx: Transaction,
  photoId: PhotoId,
  changes: PhotoChanges,
  { expectedVersions, textRules }: { expectedVersions: readonly number[] | undefined; textRules: TextRules },
): Promise<Change> {
  const row = await lockPhoto(tx, photoId)
  if (expectedVersions && !expectedVersions.includes(row.version)) {
    throw new DarkroomError('precondition_failed', 'The photo has changed since then; fetch it again.')
  }
  const columns = changesOf(row, columnsOf(changes))
  if (Object.keys(columns).length === 0) return { outboxIds: [] }
  assertKeepsRules(textRules, 'caption', {
    'body.caption': columns.caption,
    'body.altText': columns.alt_text,
  })
  const photos = [{ photoId, ownerId: row.owner_id }]
  if (columns.caption !== undefined) await writeTags(tx, photoId, columns.caption)
  if (row.status === 'awaiting_upload') {
    await updatePhotos(tx, photos, columns)
    return { outboxIds: [] }
  }
  const outboxIds = await changePhotos(tx, photos, columns)
  const before = { status: row.status, visibility: row.visibility }
  const after = { status: row.status, visibility: changes.visibility ?? before.visibility }
  if (belongsInFeeds(before) || !belongsInFeeds(after)) return { outboxIds }
  return { outboxIds, widened: { photoId, ownerId: row.owner_id, score: Number(row.score) } }
}

/** Of the columns, those that the row does not have yet. */
function changesOf(row: LockedPhoto, wanted: Columns): Columns {
  return Object.fromEntries(
    Object.entries(wanted).filter(([column, value]) => row[column as keyof typeof wanted] !== value),
  )
}

type LockedPhoto = Pick<
  PhotoRow,
  | 'owner_id'
  | 'version'
  | 'status'
  | 'score'
  | 'taken_at_offset'
  | 'taken_at_edited'
  | 'latitude'
  | 'longitude'
  | 'location_edited'
  | (typeof COLUMNS)[keyof typeof COLUMNS]
> & { taken_at: string | null }

/** @throws DarkroomError not_found if it was deleted or put into the trash meanwhile */
async function lockPhoto(tx: Transaction, photoId: PhotoId): Promise<LockedPhoto> {
  const [row] = await tx.query<LockedPhoto>({
    text: `SELECT owner_id, version, status, score, ${localTime('taken_at')} AS taken_at, taken_at_offset, taken_at_edited,
             latitude, longitude, location_edited, ${Object.values(COLUMNS).join(', ')} FROM photos p
           WHERE photo_id = $1 AND NOT ${isGone('p')} FOR NO KEY UPDATE`,
    values: [photoId],
  })
  if (!row) throw notFound('photo')
  return row
}
