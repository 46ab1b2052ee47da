import type { MadeAvatar } from '../../contracts/activities/avatars.ts'
import { AVATAR_SPECS, MAX_AVATAR_BYTES, MAX_AVATAR_PIXELS } from '../../domain/avatars.ts'
import type { UserId } from '../../domain/ids.ts'
import { VARIANT_FORMATS } from '../../domain/variants.ts'
import type { AvatarRow } from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import type { ImageProcessor } from '../../infra/image/processor.ts'
import type { RenderedSquare } from '../../infra/image/render-squares.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { avatarChanged } from '../../observability/avatar-events.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'
import { closeIncoming } from '../photos/incoming.ts'
import { incomingKey, variantKey } from '../photos/object-keys.ts'
import type { JudgePicture } from '../screening/judge-picture.ts'
import { withFileOf } from '../uploads/object-file.ts'
import { openIncoming } from '../uploads/open-incoming.ts'
import { removeUnpublished } from './avatar-steps.ts'
import { holdAvatarOf } from './remove-avatar.ts'

/** A new avatar has its own id, and so URLs of its own: the epoch tells only of moves. */
const FIRST_EPOCH = 0

interface MakeAvatarDeps {
  db: Pick<Database, 'primary' | 'transaction'>
  objects: ObjectStore
  outbox: Pick<Outbox, 'dispatch'>
  images: ImageProcessor
  judgePicture: JudgePicture
  /** Of photos; an avatar may not have more. */
  maxPixels: number
}

/**
 * Makes an avatar of what was uploaded, and shows it instead of the one before: in a child, inspects, screens and renders it; stores
 * the squares where nobody knows of them; then publishes them in one transaction. May run twice, and end at any point.
 * @throws InvalidImageError if the bytes can never become one
 */
export function createMakeAvatar(deps: MakeAvatarDeps) {
  const { db, objects, outbox, images } = deps
  const maxPixels = Math.min(deps.maxPixels, MAX_AVATAR_PIXELS)

  async function judgeAndRender(file: string, avatar: Declared, signal: AbortSignal | undefined) {
    const { avatar_id: avatarId, content_type: declaredContentType, bytes: expectedBytes } = avatar
    const limits = { maxBytes: MAX_AVATAR_BYTES, maxPixels }
    const inspection = { declaredContentType, expectedBytes, ...limits }
    const seen = await images.run('inspectOriginal', file, inspection, { signal })
    const verdict = await deps.judgePicture(file, seen, signal)
    if (verdict === 'quarantine') return 'refused'
    const stored: Promise<unknown>[] = []
    const onPart = async ({ size, format, data }: RenderedSquare) => {
      const key = variantKey(avatarId, FIRST_EPOCH, size, format)
      const storing = objects.put(key, data, VARIANT_FORMATS[format].contentType)
      stored.push(storing)
      // A part must not reject; what became of it is looked at below.
      await storing.catch(() => undefined)
    }
    await images.run('renderSquares', file, { specs: AVATAR_SPECS, maxPixels }, { signal, onPart })
    await Promise.all(stored)
    return 'rendered'
  }

  return async (avatarId: string, signal?: AbortSignal): Promise<MadeAvatar> => {
    const avatar = await readDeclared(db.primary, avatarId)
    if (avatar?.status === 'ready') return { outcome: 'published' }
    if (avatar?.status !== 'processing') return { outcome: 'gone' }
    const { body } = await openIncoming(objects, incomingKey(avatarId), avatar.bytes)
    const judged = await withFileOf(body, signal, (file) => judgeAndRender(file, avatar, signal))
    if (judged === 'refused') return { outcome: 'refused' }
    const published = await db.transaction((tx) => publish(tx, avatarId, avatar.owner_id))
    if (!published) {
      // It was given up, or shown and replaced, while this attempt went on: nobody may find what it has stored since.
      await removeUnpublished({ primary: db.primary, objects }, avatarId)
      return { outcome: 'gone' }
    }
    if (published.isNews) avatarChanged('shown')
    await outbox.dispatch(published.outboxIds)
    // What is left if the storage is away, the sweep of `incoming/` removes.
    await closeIncoming({ primary: db.primary, objects }, avatarId).catch(() => undefined)
    return { outcome: 'published' }
  }
}

export type MakeAvatar = ReturnType<typeof createMakeAvatar>

type Declared = Pick<AvatarRow, 'avatar_id' | 'owner_id' | 'status' | 'content_type' | 'bytes'>

async function readDeclared(query: Database['primary'], avatarId: string): Promise<Declared | undefined> {
  const [row] = await query<Declared>({
    text: 'SELECT avatar_id, owner_id, status, content_type, bytes FROM avatars WHERE avatar_id = $1',
    values: [avatarId],
  })
  return row
}

/**
 * Of several, the one that is ready last is shown.
 * @returns whether this made it the one that is shown, and the outbox messages to dispatch; undefined if it was given up meanwhile
 */
async function publish(
  tx: Transaction,
  avatarId: string,
  ownerId: UserId,
): Promise<{ isNews: boolean; outboxIds: string[] } | undefined> {
  const before = await holdAvatarOf(tx, ownerId)
  if (!before) return undefined
  if (before.avatarId === avatarId) return { isNews: false, outboxIds: [] }
  const [ready] = await tx.query({
    text: `UPDATE avatars SET status = 'ready' WHERE avatar_id = $1 AND status = 'processing' RETURNING avatar_id`,
    values: [avatarId],
  })
  if (!ready) return undefined
  await tx.query({
    text: 'UPDATE users SET avatar_id = $2, avatar_epoch = $3 WHERE user_id = $1',
    values: [ownerId, avatarId, FIRST_EPOCH],
  })
  const outboxIds =
    before.avatarId === null
      ? []
      : [await addToOutbox(tx, { kind: 'photoChanged', payload: { photoId: before.avatarId, ownerId } })]
  return { isNews: true, outboxIds }
}
