import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { PhotoRow } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { addToOutbox } from '../delivery/outbox.ts'
import type { EditedColumns } from './edited-columns.ts'

type Changeable =
  | 'caption'
  | 'alt_text'
  | 'visibility'
  | 'status'
  | 'share_location'
  | 'share_camera'
  | 'share_taken_at'
  | 'share_text'
  | 'allow_download'
  | 'comment_policy'
  | 'sensitive'
  | 'limited_at'

type ChangedColumns = Partial<Pick<PhotoRow, Changeable>> & EditedColumns

export interface ChangedPhoto {
  photoId: PhotoId
  ownerId: UserId
}

/**
 * Changes photos: raises their versions and owes each to its workflow, which brings search, feeds, storage and edges in
 * line. Where the change takes reach away, Postgres itself raises the access epoch, records the retraction and lets the commit
 * wait for the replica (migration 20261127-retraction), so that no caller can forget it.
 * @param columns what is set, alike for all; empty to revoke every image URL issued so far
 * @returns the outbox messages to dispatch after the commit
 */
export async function changePhotos(
  tx: Transaction,
  photos: readonly ChangedPhoto[],
  columns: ChangedColumns,
): Promise<string[]> {
  await updatePhotos(tx, photos, columns)
  const outboxIds: string[] = []
  for (const { photoId, ownerId } of photos)
    outboxIds.push(await addToOutbox(tx, { kind: 'photoChanged', payload: { photoId, ownerId } }))
  return outboxIds
}

/** The same for photos from which nothing is derived yet, so that no workflow is owed. */
export async function updatePhotos(
  tx: Transaction,
  photos: readonly ChangedPhoto[],
  columns: ChangedColumns,
): Promise<void> {
  const names = Object.keys(columns)
  const sets = names.length > 0 ? names.map((name, index) => `${name} = $${index + 2}`) : [REVOKE]
  await tx.query({
    text: `UPDATE photos SET version = version + 1, ${sets.join(', ')} WHERE photo_id = ANY ($1::uuid[])`,
    values: [photos.map(({ photoId }) => photoId), ...Object.values(columns)],
  })
}

const REVOKE = 'access_epoch = access_epoch + 1'
