import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'
import type { TextInPicture } from '../../infra/image/text/read-text.ts'
import { addToOutbox } from '../delivery/outbox.ts'

/** What came of a photo. */
export type Outcome = ({ state: 'read' } & TextInPicture) | { state: 'unreadable'; code: string }

// Plan: photos_pkey, photo_texts_pkey. The photo is locked first, as by those who delete it.
const LOCK = `
  SELECT p.owner_id::text AS owner_id FROM photos p WHERE p.photo_id = $1
    AND EXISTS (SELECT FROM photo_texts t WHERE t.photo_id = p.photo_id AND t.state = 'owed') FOR NO KEY UPDATE OF p`

const RECORD = `
  UPDATE photo_texts SET state = $2, text = $3, failure_code = $4, engine_version = $5, read_at = clock_timestamp()
  WHERE photo_id = $1 AND state = 'owed' RETURNING photo_id`

/**
 * Records what came of a photo, unless it is owed no longer: its owner has turned reading off meanwhile, or erased it. A text is a change
 * of the photo, whose search document follows.
 * @returns the outbox messages to dispatch after the commit
 */
export async function recordText(tx: Transaction, photoId: PhotoId, outcome: Outcome): Promise<string[]> {
  const [photo] = await tx.query<{ owner_id: UserId }>({ name: 'texts-lock', text: LOCK, values: [photoId] })
  if (!photo) return []
  const columns =
    outcome.state === 'read'
      ? ['read', outcome.text, null, outcome.version]
      : ['unreadable', null, outcome.code, null]
  const recorded = await tx.query({ name: 'texts-record', text: RECORD, values: [photoId, ...columns] })
  if (recorded.length === 0 || outcome.state === 'unreadable' || outcome.text === '') return []
  await tx.query({
    name: 'texts-version',
    text: 'UPDATE photos SET version = version + 1 WHERE photo_id = $1',
    values: [photoId],
  })
  return [await addToOutbox(tx, { kind: 'photoChanged', payload: { photoId, ownerId: photo.owner_id } })]
}
