import { notFound } from '../../domain/errors.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { bandKeys, MAX_SIMILAR_DISTANCE } from '../../domain/likeness.ts'
import { viewerLinkId, viewerUserId } from '../../domain/viewer.ts'
import { blockedEitherWay, isShownToAll, visibleTo } from '../../infra/db/rules.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { loadPhotoCards, type PhotoCard } from '../photos/photo-cards.ts'

/** A photo that looks like another one. */
export interface SimilarPhoto extends PhotoCard {
  /** How many of the 64 bits of their hashes differ. */
  distance: number
}

/** `own`: photos of the viewer. `public`: photos of others that everyone sees. */
export const SIMILAR_AMONG = ['own', 'public'] as const
export type SimilarAmong = (typeof SIMILAR_AMONG)[number]

/** Of photos that share a part of the hash so many are compared, should very many share it. */
const MAX_COMPARED = 20_000

// Plan: one probe of photos_pkey and users_pkey, and those of the access rule.
const HASH = `
  SELECT p.perceptual_hash AS hash FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.photo_id = $1 AND ${visibleTo('p', 'u', { userId: '$2::bigint', linkId: '$3::uuid' })}`

const distance = (photo: string) => `bit_count((${photo}.perceptual_hash # $2::bigint)::bit(64))`
const isSimilar = (photo: string) => `${distance(photo)} <= ${MAX_SIMILAR_DISTANCE}`

// Plan: photos_likeness_idx of the account alone, from its pages only, and a probe of it for each of the hashes that are near.
const OWN = `
  SELECT p.photo_id, ${distance('p')} AS distance
  FROM (SELECT DISTINCT o.likeness, o.perceptual_hash FROM photos o
      WHERE o.owner_id = $1::bigint AND o.likeness IS NOT NULL AND ${isSimilar('o')}) near
    JOIN photos p ON p.owner_id = $1::bigint AND p.likeness = near.likeness AND p.perceptual_hash = near.perceptual_hash
  WHERE p.status = 'ready'`

// Plan: a union of the entries of photos_band_0_idx to photos_band_3_idx under 17 keys each, some thousand of a million photos, and of
// those that are near a probe of users_pkey and two of blocks_pkey.
const PUBLIC = `
  SELECT p.photo_id, ${distance('p')} AS distance
  FROM (SELECT b.* FROM photos b
      WHERE b.status = 'ready' AND b.visibility = 'public' AND b.perceptual_hash IS NOT NULL
        AND (b.perceptual_hash & 65535 = ANY ($7::bigint[]) OR b.perceptual_hash >> 16 & 65535 = ANY ($8::bigint[])
          OR b.perceptual_hash >> 32 & 65535 = ANY ($9::bigint[]) OR b.perceptual_hash >> 48 & 65535 = ANY ($10::bigint[]))
      LIMIT ${MAX_COMPARED}) p
    JOIN users u ON u.user_id = p.owner_id
  WHERE ${isSimilar('p')} AND p.owner_id IS DISTINCT FROM $1::bigint AND ${isShownToAll('p', 'u')}
    AND NOT coalesce(${blockedEitherWay('$1::bigint', 'p.owner_id')}, false)`

const similarAmong = (photos: string) => `
  SELECT s.photo_id AS "photoId", s.distance::int FROM (${photos}) s
  WHERE s.photo_id <> $3 AND ($4::integer IS NULL OR (s.distance, s.photo_id) > ($4, $5::uuid))
  ORDER BY s.distance, s.photo_id LIMIT $6`

const STATEMENTS = {
  own: { name: 'similar-own', text: similarAmong(OWN) },
  public: { name: 'similar-public', text: similarAmong(PUBLIC) },
}

/** Distance, and the photo. */
const POSITION = ['number', 'string'] as const

/**
 * Photos that look like one that the viewer sees, those that look most like it first, and of these the earliest.
 * @throws DarkroomError not_found, bad_cursor
 */
export async function readSimilar(
  list: ListRead,
  photoId: PhotoId,
  among: SimilarAmong,
): Promise<Page<SimilarPhoto>> {
  const { query, viewer, limit } = list
  const userId = viewerUserId(viewer)
  const [subject] = await query<{ hash: string | null }>({
    name: 'similar-hash',
    text: HASH,
    values: [photoId, userId, viewerLinkId(viewer)],
  })
  if (!subject) throw notFound('photo')
  const [distance, last] = list.after(POSITION) ?? [null, null]
  const { hash } = subject
  if (hash === null) return list.page([], null)
  const asked = [userId, hash, photoId, distance, last, limit + 1]
  const rows = await query<{ photoId: PhotoId; distance: number }>({
    ...STATEMENTS[among],
    values: among === 'public' ? [...asked, ...bandKeys(BigInt(hash))] : asked,
  })
  return pageOfRows(
    list,
    rows,
    (row) => [row.distance, row.photoId],
    async (shown) => {
      const ids = shown.map((row) => row.photoId)
      const { cards } = await loadPhotoCards(query, viewer, ids)
      return shown.flatMap((row) => {
        const card = cards.get(row.photoId)
        return card ? [{ ...card, distance: row.distance }] : []
      })
    },
  )
}
