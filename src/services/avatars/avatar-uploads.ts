import { v7 as uuidv7 } from 'uuid'
import { MAX_AVATAR_BYTES, MAX_PENDING_AVATARS, type AvatarStatus } from '../../domain/avatars.ts'
import { DarkroomError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { OriginalContentType } from '../../domain/variants.ts'
import { Avatar, type AvatarRow } from '../../entities/index.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { avatarOf, type AvatarPlace } from '../../infra/db/rules.ts'
import type { Database, Query, Transaction } from '../../infra/db/database.ts'
import type { ObjectStore, PresignedPut } from '../../infra/s3/object-store.ts'
import { avatarChanged } from '../../observability/avatar-events.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'
import { isTombstone } from '../photos/incoming.ts'
import { incomingKey } from '../photos/object-keys.ts'
import type { FirstRun } from '../requests/idempotency.ts'
import { removeAvatar } from './remove-avatar.ts'

/** What an account is told of its avatar. */
export interface AvatarState {
  userId: UserId
  /** The one that is shown. */
  avatar: AvatarPlace | null
  /** The latest upload; null if there was none for long, or what it brought was removed. */
  upload: {
    status: Exclude<AvatarStatus, 'retired'>
    failure: { code: string; detail: string } | null
    createdAt: Date
  } | null
}

/** The client's side of an avatar, until its workflow takes over. */
export interface AvatarUploads {
  /**
   * Opens an upload and says where the picture goes; the avatar that is shown stays until the new one is ready.
   * @throws DarkroomError too_large, quota_exceeded
   */
  open(
    userId: UserId,
    picture: { contentType: OriginalContentType; bytes: number },
    first?: FirstRun,
  ): Promise<PresignedPut>
  /** Where the picture of an upload goes; null once it has arrived, or does not work any more. */
  targetOf(userId: UserId, avatarId: string): Promise<PresignedPut | null>
  /**
   * Reports that the picture was uploaded.
   * @throws DarkroomError not_uploaded if none has arrived; upload_closed if none is awaited
   */
  complete(userId: UserId): Promise<AvatarState>
  read(userId: UserId): Promise<AvatarState>
  /** Takes back the avatar, and gives up what was to replace it. */
  remove(userId: UserId): Promise<void>
}

interface AvatarUploadsDeps {
  db: Pick<Database, 'primary' | 'transaction'>
  objects: Pick<ObjectStore, 'presignPut' | 'head'>
  outbox: Outbox
  uploadExpirySeconds: number
}

type UploadRow = Pick<
  AvatarRow,
  | 'avatar_id'
  | 'status'
  | 'content_type'
  | 'bytes'
  | 'failure_code'
  | 'failure_detail'
  | 'upload_expires_at'
  | 'created_at'
>
const UPLOAD =
  'avatar_id, status, content_type, bytes, failure_code, failure_detail, upload_expires_at, created_at'

export function createAvatarUploads(deps: AvatarUploadsDeps): AvatarUploads {
  const { db, objects, outbox, uploadExpirySeconds } = deps

  const presign = (avatarId: string, contentType: string, bytes: number, expiresAt: Date) =>
    objects.presignPut({
      key: incomingKey(avatarId),
      bytes,
      contentType,
      expiresInSeconds: Math.max(1, Math.floor((expiresAt.getTime() - Date.now()) / 1000)),
    })

  async function hasArrived(avatarId: string): Promise<boolean> {
    const head = await objects.head(incomingKey(avatarId))
    return head !== undefined && !isTombstone(head)
  }

  return {
    async open(userId, { contentType, bytes }, first) {
      if (bytes > MAX_AVATAR_BYTES) throw tooLarge()
      const avatarId = uuidv7()
      const expiresAt = new Date(Date.now() + uploadExpirySeconds * 1000)
      const outboxId = await db.transaction(async (tx) => {
        await admit(tx, userId)
        const row = { avatarId, ownerId: userId, contentType, bytes, uploadExpiresAt: expiresAt }
        await run(tx.query, insertRow(Avatar, row, ['failureCode', 'failureDetail']))
        await first?.keep(tx, { status: 201, resourceId: avatarId })
        return addToOutbox(tx, {
          kind: 'avatarChanged',
          payload: { avatarId, ownerId: userId, expiresAtMs: expiresAt.getTime() },
        })
      })
      avatarChanged('opened')
      const [upload] = await Promise.all([
        presign(avatarId, contentType, bytes, expiresAt),
        outbox.dispatch([outboxId]),
      ])
      return upload
    },

    async targetOf(userId, avatarId) {
      const [row] = await db.primary<UploadRow>({
        text: `SELECT ${UPLOAD} FROM avatars WHERE avatar_id = $1 AND owner_id = $2
          AND status = 'awaiting_upload' AND upload_expires_at > now()`,
        values: [avatarId, userId],
      })
      if (!row || (await hasArrived(avatarId))) return null
      return presign(avatarId, row.content_type, row.bytes, row.upload_expires_at)
    },

    async complete(userId) {
      const awaited = await awaitedOf(db.primary, userId)
      const arrived: UploadRow[] = []
      for (const row of awaited) if (await hasArrived(row.avatar_id)) arrived.push(row)
      for (const { avatar_id: avatarId, upload_expires_at: expiresAt } of arrived)
        await outbox.hint({
          kind: 'avatarChanged',
          payload: { avatarId, ownerId: userId, expiresAtMs: expiresAt.getTime() },
        })
      const state = await read(db.primary, userId)
      if (arrived.length > 0) return state
      if (state.upload && hasBeenSeen(state.upload)) return state
      if (awaited.some((row) => row.upload_expires_at.getTime() > Date.now()))
        throw new DarkroomError('not_uploaded', 'The storage does not have the picture yet; PUT it first.')
      throw new DarkroomError('upload_closed', 'No upload of an avatar is open; open a new one.')
    },

    read: (userId) => read(db.primary, userId),

    async remove(userId) {
      const { outboxIds, isRemoved } = await db.transaction((tx) => removeAvatar(tx, userId))
      if (isRemoved) avatarChanged('deleted')
      await outbox.dispatch(outboxIds)
    },
  }
}

/** Its picture has arrived, whatever became of it. */
function hasBeenSeen({ status, failure }: NonNullable<AvatarState['upload']>): boolean {
  return failure ? !CLOSED_UNSEEN.has(failure.code) : status !== 'awaiting_upload'
}

/** Plan: avatars_owner_idx, as of all that ask for an account's. */
async function awaitedOf(query: Query, userId: UserId): Promise<UploadRow[]> {
  return query<UploadRow>({
    text: `SELECT ${UPLOAD} FROM avatars WHERE owner_id = $1 AND status = 'awaiting_upload' ORDER BY avatar_id`,
    values: [userId],
  })
}

async function read(query: Query, userId: UserId): Promise<AvatarState> {
  const [row] = await query<
    { avatar: AvatarPlace | null } & { [Column in keyof UploadRow]: UploadRow[Column] | null }
  >({
    text: `SELECT ${avatarOf('u')} AS avatar, a.* FROM users u LEFT JOIN LATERAL (
        SELECT ${UPLOAD} FROM avatars WHERE owner_id = u.user_id AND status <> 'retired'
        ORDER BY avatar_id DESC LIMIT 1) a ON true
      WHERE u.user_id = $1`,
    values: [userId],
  })
  return { userId, avatar: row?.avatar ?? null, upload: row?.status ? uploadOf(row as UploadRow) : null }
}

function uploadOf({ status, failure_code: code, failure_detail: detail, created_at: createdAt }: UploadRow) {
  return {
    status: status as Exclude<AvatarStatus, 'retired'>,
    failure: code === null ? null : { code, detail: detail ?? '' },
    createdAt,
  }
}

/** Of uploads whose picture never came, or was not waited for. */
const CLOSED_UNSEEN = new Set(['upload_expired', 'upload_aborted'])

/** Takes the lock under which the account's uploads are opened one after the other. @throws DarkroomError quota_exceeded */
async function admit(tx: Transaction, userId: UserId): Promise<void> {
  await tx.query({
    text: `SELECT pg_advisory_xact_lock(hashtextextended('avatars/' || $1, 0))`,
    values: [userId],
  })
  const [row] = await tx.query<{ pending: number }>({
    text: `SELECT count(*)::int AS pending FROM avatars WHERE owner_id = $1 AND status IN ('awaiting_upload', 'processing')`,
    values: [userId],
  })
  if (row!.pending < MAX_PENDING_AVATARS) return
  const message = `At most ${MAX_PENDING_AVATARS} uploads of avatars may be pending; finish one, or delete the avatar.`
  throw new DarkroomError('quota_exceeded', message, { fields: [{ path: 'quota.pending', message }] })
}

function tooLarge(): DarkroomError {
  return new DarkroomError('too_large', `An avatar may have at most ${MAX_AVATAR_BYTES} bytes.`, {
    fields: [{ path: 'body.bytes', message: `At most ${MAX_AVATAR_BYTES}.` }],
  })
}
