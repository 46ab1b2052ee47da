import { nearestTags, type NearTag } from '../../domain/auto-tags.ts'
import { notFound } from '../../domain/errors.ts'
import { tagNamed } from '../../domain/hashtags.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { TagLabelRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'

/** Tags that are offered to the owner of a photo by what it shows. They are nobody else's until they stand in the caption. */
export interface SuggestedTags {
  /** The nearest first, without those that the photo has or that were dismissed; none if it has no embedding. */
  list(photoId: PhotoId): Promise<NearTag[]>
  /** Offers the tag for this photo no more. Idempotent. @throws DarkroomError not_found if it is none that could be offered */
  dismiss(photoId: PhotoId, tag: string): Promise<void>
}

// Plan: photo_embeddings_pkey.
const PICTURE = 'SELECT model, vector FROM photo_embeddings WHERE photo_id = $1'
// Plan: the model's rows by tag_labels_pkey, at most 1,000, and those of the photo by photo_tags_pkey and dismissed_tags_pkey.
const LABELS = `
  SELECT display, vector FROM tag_labels
  WHERE model = $2 AND tag NOT IN (
    SELECT tag FROM photo_tags WHERE photo_id = $1 UNION ALL SELECT tag FROM dismissed_tags WHERE photo_id = $1)`
// Nothing is kept of a photo that is being erased. Plan: a probe each of photo_embeddings_pkey, tag_labels_pkey and photos_pkey.
const DISMISS = `
  WITH offered AS (
    SELECT p.photo_id, l.tag FROM photo_embeddings e JOIN tag_labels l ON l.model = e.model AND l.tag = $2
      JOIN photos p ON p.photo_id = e.photo_id
    WHERE e.photo_id = $1 AND p.status NOT IN ('failed', 'deleted') FOR KEY SHARE OF p),
  dismissed AS (INSERT INTO dismissed_tags (photo_id, tag) SELECT photo_id, tag FROM offered ON CONFLICT DO NOTHING)
  SELECT 1 FROM offered`

/** @param atLeast how near a tag has to be */
export function createSuggestedTags(query: Query, atLeast: number): SuggestedTags {
  return {
    async list(photoId) {
      const [picture] = await query<{ model: string; vector: Buffer }>({
        name: 'photo-embedding',
        text: PICTURE,
        values: [photoId],
      })
      if (!picture) return []
      const labels = await query<Pick<TagLabelRow, 'display' | 'vector'>>({
        name: 'tag-labels',
        text: LABELS,
        values: [photoId, picture.model],
      })
      return nearestTags(picture.vector, labels, { atLeast, most: MAX_ITEMS.suggestedTags })
    },

    async dismiss(photoId, tag) {
      const offered = await query({ text: DISMISS, values: [photoId, tagNamed(tag)] })
      if (offered.length === 0) throw notFound('tag')
    },
  }
}
