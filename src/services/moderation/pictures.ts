import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { ModerationSubject } from '../../domain/moderation.ts'
import type { PhotoRow, PhotoVariantRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { writeAudit } from './audit-log.ts'
import { readCase } from './read-case.ts'
import { assertNotAbout } from './hold-case.ts'
import type { StaffMember } from './staff.ts'

/** What a case shows of its photo without being asked: colours and shapes, and no more. */
export type BlurredPicture = Pick<PhotoRow, 'thumbhash' | 'width' | 'height'>

interface PictureView {
  url: string
  expiresAt: Date
}

/** The pictures of cases, clear. Blurred ones come with the case. */
export interface Pictures {
  /**
   * A URL of the storage, past edges and their caches, for the photo of a case that is not closed, also if it is quarantined, private or in the
   * trash. Each is an entry of the audit log.
   * @throws DarkroomError not_found if there is no picture, own_case, case_closed
   */
  view(staff: StaffMember, caseId: string): Promise<PictureView>
}

/** Time to load it, not to pass it on. */
const URL_SECONDS = 60

// Plan: one probe of photos_pkey.
const BLURRED = `
  SELECT thumbhash, width, height FROM photos WHERE photo_id = $1::uuid AND status <> 'deleted'`
// Plan: the photo's variants by photo_variants_pkey. A smaller one where the medium one is not there yet; every browser shows a JPEG.
const CLEAR = `
  SELECT v.object_key FROM photo_variants v JOIN photos p ON p.photo_id = v.photo_id
  WHERE v.photo_id = $1::uuid AND v.variant IN ('medium_800', 'thumb_400', 'thumb_200') AND p.status <> 'deleted'
  ORDER BY v.variant = 'medium_800' DESC, v.width DESC, v.format = 'jpeg' DESC, v.format LIMIT 1`

/** Null for other subjects, and for a photo without a picture. */
export async function blurredPicture(
  query: Query,
  { type, id }: ModerationSubject,
): Promise<BlurredPicture | null> {
  if (type !== 'photo') return null
  const [row] = await query<BlurredPicture>({ text: BLURRED, values: [id] })
  return row?.thumbhash ? row : null
}

export function createPictures({
  db,
  objects,
}: {
  db: Pick<Database, 'transaction'>
  objects: Pick<ObjectStore, 'presignGet'>
}): Pictures {
  return {
    async view(staff, caseId) {
      const key = await db.transaction(async (tx) => {
        const { shown } = await readCase(tx.query, caseId)
        assertNotAbout(staff, shown)
        if (shown.state === 'closed')
          throw new DarkroomError(
            'case_closed',
            'The picture of a case that is closed is not shown any more.',
          )
        const [variant] =
          shown.subject_type === 'photo'
            ? await tx.query<Pick<PhotoVariantRow, 'object_key'>>({ text: CLEAR, values: [shown.subject_id] })
            : []
        if (!variant) throw notFound('picture')
        const subject = `photo/${shown.subject_id}`
        await writeAudit(tx, { actor: staff, action: 'picture.viewed', subject, details: { caseId } })
        return variant.object_key
      })
      return objects.presignGet(key, URL_SECONDS)
    },
  }
}
