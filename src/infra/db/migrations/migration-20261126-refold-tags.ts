import { Migration } from '@mikro-orm/migrations'
import { extractHashtags, type Hashtag } from '../../../domain/hashtags.ts'

interface StoredPhoto {
  photo_id: string
  owner_id: string
  status: string
  caption: string | null
  alt_text: string | null
  tags: Hashtag[]
}

const BATCH_SIZE = 1_000
/** Characters that only the new folding drops from words; all other words are indexed as before. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Me}]/v

/**
 * Takes the hashtags of every caption by the rules of ADR 17, and has search documents written again where tags or words
 * have changed: by a new version of the row, which is what the search index goes by.
 */
export class Migration20261126RefoldTags extends Migration {
  override async up(): Promise<void> {
    let last = '00000000-0000-0000-0000-000000000000'
    for (;;) {
      const photos = await this.photosAfter(last)
      for (const photo of photos) await this.refold(photo)
      if (photos.length < BATCH_SIZE) return
      last = photos.at(-1)!.photo_id
    }
  }

  /** The earlier tags are what captions hold, so that there is nothing to bring back: they change with the next edit. */
  override down(): void {}

  // photos_pkey in order, photo_tags_pkey per photo.
  private async photosAfter(photoId: string): Promise<StoredPhoto[]> {
    return (await this.execute(
      `SELECT p.photo_id::text, p.owner_id::text, p.status, p.caption, p.alt_text,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('tag', t.tag, 'display', t.display) ORDER BY t.position), '[]')
           FROM photo_tags t WHERE t.photo_id = p.photo_id) AS tags
       FROM photos p
       WHERE p.photo_id > ?::uuid AND (p.caption IS NOT NULL OR p.alt_text IS NOT NULL)
       ORDER BY p.photo_id LIMIT ${BATCH_SIZE}`,
      [photoId],
    )) as unknown as StoredPhoto[]
  }

  private async refold(photo: StoredPhoto): Promise<void> {
    const tags = extractHashtags(photo.caption ?? '')
    const tagsDiffer = textOf(tags) !== textOf(photo.tags)
    if (tagsDiffer) {
      await this.execute(`DELETE FROM photo_tags WHERE photo_id = ?`, [photo.photo_id])
      for (const [position, { tag, display }] of tags.entries()) {
        await this.execute(`INSERT INTO photo_tags (photo_id, tag, display, position) VALUES (?, ?, ?, ?)`, [
          photo.photo_id,
          tag,
          display,
          position,
        ])
      }
    }
    const isIndexed = photo.status === 'ready'
    if (!isIndexed || !(tagsDiffer || INVISIBLE.test(`${photo.caption}${photo.alt_text}`))) return
    await this.execute(`UPDATE photos SET version = version + 1 WHERE photo_id = ?`, [photo.photo_id])
    await this.execute(
      `INSERT INTO outbox (kind, payload, locked_until) VALUES ('photoChanged', ?::jsonb, now())`,
      [JSON.stringify({ photoId: photo.photo_id, ownerId: photo.owner_id })],
    )
  }
}

const textOf = (tags: readonly Hashtag[]) => JSON.stringify(tags.map(({ tag, display }) => [tag, display]))
