import { extractHashtags } from '../../domain/hashtags.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'

/** Replaces the photo's hashtags by those of its caption. */
export async function writeTags(tx: Transaction, photoId: PhotoId, caption: string | null): Promise<void> {
  await tx.query({ text: 'DELETE FROM photo_tags WHERE photo_id = $1', values: [photoId] })
  const tags = extractHashtags(caption ?? '')
  if (tags.length === 0) return
  await tx.query({
    text: `
      INSERT INTO photo_tags (photo_id, tag, display, position)
      SELECT $1, tag, display, position - 1
      FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS t (tag, display, position)`,
    values: [photoId, tags.map(({ tag }) => tag), tags.map(({ display }) => display)],
  })
}
