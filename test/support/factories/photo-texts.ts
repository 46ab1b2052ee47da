import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import type { PhotoTextRow } from '../../../src/entities/index.ts'
import { recordText } from '../../../src/services/photo-texts/record-text.ts'

/** As PATCH /me does; what the change owes to Temporal is the test's to do. */
export async function readTextInPhotosOf(db: Database, userId: UserId, isRead: boolean): Promise<void> {
  await db.primary({
    text: 'UPDATE users SET read_text_in_photos = $2 WHERE user_id = $1',
    values: [userId, isRead],
  })
}

/** As the reader does of a photo that is owed. */
export async function textWasRead(db: Database, photoId: PhotoId, text: string): Promise<void> {
  await db.transaction((tx) => recordText(tx, photoId, { state: 'read', text, version: 'test' }))
}

/** The texts of an account's photos that are there or owed, in the order in which they are or were read. */
export async function textsOf(db: Database, ownerId: UserId): Promise<PhotoTextRow[]> {
  return db.primary<PhotoTextRow>({
    text: `SELECT t.* FROM photo_texts t JOIN photos p USING (photo_id) WHERE p.owner_id = $1
      ORDER BY t.read_at, t.turn, t.photo_id`,
    values: [ownerId],
  })
}
