import type { PhotoRow, UserRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import {
  avatarOf,
  inCircle,
  inTrashOf,
  likes,
  mutes,
  visibleTo,
  type AvatarPlace,
  type ViewerSql,
} from '../../infra/db/rules.ts'
import type { CommentPolicy } from '../../domain/comments.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { TakenAt } from '../../domain/taken-at.ts'
import { viewerLinkId, viewerUserId, type UserViewer, type Viewer } from '../../domain/viewer.ts'
import type { PhotoStatus, Visibility } from '../../domain/visibility.ts'
import { localTime } from './file-metadata.ts'
import { OWNER_EPOCH } from './image-url.ts'

/** A stored rendition as the database knows it; the API makes its URL from the key. */
export interface CardVariant {
  variant: string
  format: string
  objectKey: string
  width: number
  height: number
  bytes: number
}

/** Everything needed to show a photo, read together with the right to see it. */
export interface PhotoCard {
  photoId: PhotoId
  version: number
  accessEpoch: number
  owner: {
    userId: UserId
    username: string
    displayName: string | null
    avatar: AvatarPlace | null
    isPrivate: boolean
    accessEpoch: number
  }
  status: PhotoStatus
  visibility: Visibility
  caption: string | null
  altText: string | null
  /** As written in the caption, in its order. */
  tags: string[]
  failure: { code: string; detail: string | null } | null
  contentType: string
  bytes: number
  width: number | null
  height: number | null
  /** base64 */
  thumbhash: string | null
  /** Of an animation that is kept as a variant. */
  animationFrames: number | null
  takenAt: TakenAt | null
  camera: string | null
  location: { latitude: number; longitude: number } | null
  shareLocation: boolean
  shareCamera: boolean
  shareTakenAt: boolean
  shareText: boolean
  allowDownload: boolean
  /** Whether the original can be had at once; null for anyone but the owner. */
  availability: 'hot' | 'cold' | 'restoring' | null
  createdAt: Date
  uploadExpiresAt: Date
  publishedAt: Date | null
  /** publishedAt in ms since 1970; null until published. */
  score: number | null
  likeCount: number
  commentCount: number
  likedByViewer: boolean
  /** The photo's own, or the default of its owner's account. */
  commentPolicy: CommentPolicy
  /** The owner says so. */
  sensitive: boolean
  /** Moderation says so. */
  isLimited: boolean
  variants: CardVariant[]
  /** Whether the viewer follows or is the owner, which keeps the photo in the viewer's feed. */
  inViewersCircle: boolean
  /** The viewer mutes the owner, which keeps the photo off the pages of their feed only. */
  isMuted: boolean
}

export interface PhotoCards {
  /** The photos that the viewer may see, by id; without absent and hidden ones. */
  cards: Map<PhotoId, PhotoCard>
  /** The viewer's feed epoch in the same snapshot; null without a viewer or feed_state. */
  viewerEpoch: number | null
  /** The viewer is enrolled, and their last read on record is more than a day old. */
  viewerReadIsOld: boolean
}

/** Photos to load only if the viewer follows, or is, the owner. */
export type OfCircle = readonly { photoId: PhotoId; ownerId: UserId }[]

const VIEWER: ViewerSql = { userId: '$1::bigint', linkId: '$5::uuid' }

// Rights and content in one snapshot, so that nothing is shown under a right that was already gone. Plan: one probe of
// photos_pkey, users_pkey, photo_variants_pkey, photo_tags_pkey, photo_counters_pkey, likes_pkey, follows_pkey and
// mutes_pkey per id, one of cold_originals_pkey for the viewer's own, two of blocks_pkey for those of others, and some of albums for those hidden otherwise; at most 100 or so ids a call.
// The array of those of the viewer's circle is made once, by a probe of follows_pkey each, before any content is read.
const loadCards = (right: string) => `
  SELECT p.photo_id, p.version, p.access_epoch, p.owner_id, u.username, u.display_name, u.is_private, ${avatarOf('u')} AS owner_avatar,
    ${OWNER_EPOCH} AS owner_access_epoch, p.status, p.visibility,
    p.caption, p.alt_text, p.failure_code, p.failure_detail, p.content_type, p.bytes, p.width, p.height, p.thumbhash, p.animation_frames,
    ${localTime('p.taken_at')} AS taken_at, p.taken_at_offset, p.camera, p.latitude, p.longitude,
    p.share_location, p.share_camera, p.share_taken_at, p.share_text, p.allow_download, p.sensitive, p.limited_at, p.created_at, p.upload_expires_at, p.published_at, p.score,
    (SELECT coalesce(json_agg(json_build_object('variant', v.variant, 'format', v.format, 'objectKey', v.object_key,
        'width', v.width, 'height', v.height, 'bytes', v.bytes) ORDER BY v.width, v.variant, v.format), '[]')
      FROM photo_variants v WHERE v.photo_id = p.photo_id) AS variants,
    (SELECT coalesce(array_agg(t.display::text ORDER BY t.position), '{}')
      FROM photo_tags t WHERE t.photo_id = p.photo_id) AS tags,
    counts.likes, counts.comments, ${likes(VIEWER.userId, 'p.photo_id')} AS liked,
    coalesce(p.comment_policy, u.default_comment_policy) AS comment_policy,
    ${inCircle('p.owner_id', VIEWER.userId)} IS TRUE AS in_circle,
    ${mutes(VIEWER.userId, 'p.owner_id')} AS muted,
    CASE WHEN p.owner_id = ${VIEWER.userId} THEN
      coalesce((SELECT c.state FROM cold_originals c WHERE c.photo_id = p.photo_id), 'hot') END AS availability
  FROM photos p JOIN users u ON u.user_id = p.owner_id, LATERAL (
    SELECT sum(k.likes) AS likes, sum(k.comments) AS comments FROM photo_counters k WHERE k.photo_id = p.photo_id) counts
  WHERE p.photo_id = ANY ($2::uuid[] || ARRAY(
      SELECT given.photo_id FROM unnest($3::uuid[], $4::bigint[]) given (photo_id, owner_id)
      WHERE ${inCircle('given.owner_id', VIEWER.userId)}))
    AND ${right}`

const loadCardsAndEpoch = (right: string) => `
  SELECT s.epoch AS viewer_epoch, s.enrolled AND s.last_read_at < now() - interval '1 day' AS viewer_read_is_old, c.*
  FROM (SELECT) one LEFT JOIN feed_state s ON s.user_id = $1::bigint
  LEFT JOIN LATERAL (${loadCards(right)}) c ON true`

const SEEN = visibleTo('p', 'u', VIEWER)
const IN_TRASH = `(${VIEWER.linkId} IS NULL AND ${inTrashOf('p', VIEWER.userId)}) IS TRUE`

const STATEMENTS = {
  seen: { name: 'photo-cards', text: loadCardsAndEpoch(SEEN) },
  trashed: { name: 'trashed-photo-cards', text: loadCardsAndEpoch(IN_TRASH) },
  seenOrTrashed: { name: 'photo-cards-or-trashed', text: loadCardsAndEpoch(`(${SEEN} OR ${IN_TRASH})`) },
}

/**
 * The one rights-and-content statement: of the given photos, those that the viewer may see, with all that
 * is shown of them. The result must not be cached beyond the request.
 * @param query where to read: the replica for pages, the primary for decisions and after the viewer's own writes
 * @param ofCircle more photos, left out unless the viewer follows, or is, their owner
 */
export async function loadPhotoCards(
  query: Query,
  viewer: Viewer,
  photoIds: readonly PhotoId[],
  ofCircle: OfCircle = [],
): Promise<PhotoCards> {
  return load('seen', query, viewer, photoIds, ofCircle)
}

/** Of the given photos, those in the viewer's trash; with `orSeen`, those that the viewer may see as well. */
export async function loadTrashedCards(
  query: Query,
  viewer: UserViewer,
  photoIds: readonly PhotoId[],
  { orSeen = false } = {},
): Promise<Map<PhotoId, PhotoCard>> {
  return (await load(orSeen ? 'seenOrTrashed' : 'trashed', query, viewer, photoIds)).cards
}

async function load(
  which: keyof typeof STATEMENTS,
  query: Query,
  viewer: Viewer,
  photoIds: readonly PhotoId[],
  ofCircle: OfCircle = [],
): Promise<PhotoCards> {
  const rows = await query<CardRow>({
    ...STATEMENTS[which],
    values: [
      viewerUserId(viewer),
      photoIds,
      ofCircle.map((photo) => photo.photoId),
      ofCircle.map((photo) => photo.ownerId),
      viewerLinkId(viewer),
    ],
  })
  const cards = new Map<PhotoId, PhotoCard>()
  for (const row of rows) if (row.photo_id !== null) cards.set(row.photo_id, toCard(row))
  const epoch = rows[0]?.viewer_epoch ?? null
  return {
    cards,
    viewerEpoch: epoch === null ? null : Number(epoch),
    viewerReadIsOld: rows[0]?.viewer_read_is_old ?? false,
  }
}

/** One photo, or undefined if it is absent or hidden from the viewer. */
export async function loadPhotoCard(
  query: Query,
  viewer: Viewer,
  photoId: PhotoId,
): Promise<PhotoCard | undefined> {
  return (await loadPhotoCards(query, viewer, [photoId])).cards.get(photoId)
}

/** `taken_at` as text, local time. The viewer's columns are alone in a row where no photo is shown. */
type CardRow = Pick<
  PhotoRow,
  | 'photo_id'
  | 'version'
  | 'access_epoch'
  | 'owner_id'
  | 'status'
  | 'visibility'
  | 'caption'
  | 'alt_text'
  | 'failure_code'
  | 'failure_detail'
  | 'content_type'
  | 'bytes'
  | 'width'
  | 'height'
  | 'thumbhash'
  | 'animation_frames'
  | 'taken_at_offset'
  | 'camera'
  | 'latitude'
  | 'longitude'
  | 'share_location'
  | 'share_camera'
  | 'share_text'
  | 'share_taken_at'
  | 'allow_download'
  | 'sensitive'
  | 'limited_at'
  | 'created_at'
  | 'upload_expires_at'
  | 'published_at'
  | 'score'
> &
  Pick<UserRow, 'username' | 'display_name' | 'is_private'> & {
    taken_at: string | null
    owner_access_epoch: number
    owner_avatar: AvatarPlace | null
    viewer_epoch: string | null
    viewer_read_is_old: boolean | null
    /** Null while the photo has no counters. */
    likes: string | null
    comments: string | null
    liked: boolean
    comment_policy: CommentPolicy
    variants: CardVariant[]
    tags: string[]
    in_circle: boolean
    muted: boolean
    availability: PhotoCard['availability']
  }

function toCard(row: CardRow): PhotoCard {
  return {
    photoId: row.photo_id,
    version: row.version,
    accessEpoch: row.access_epoch,
    owner: {
      userId: row.owner_id,
      username: row.username,
      displayName: row.display_name,
      avatar: row.owner_avatar,
      isPrivate: row.is_private,
      accessEpoch: row.owner_access_epoch,
    },
    status: row.status,
    visibility: row.visibility,
    caption: row.caption,
    altText: row.alt_text,
    tags: row.tags,
    failure: row.failure_code === null ? null : { code: row.failure_code, detail: row.failure_detail },
    contentType: row.content_type,
    bytes: Number(row.bytes),
    width: row.width,
    height: row.height,
    thumbhash: row.thumbhash,
    animationFrames: row.animation_frames,
    takenAt: row.taken_at === null ? null : { local: row.taken_at, offsetMinutes: row.taken_at_offset },
    camera: row.camera,
    location:
      row.latitude === null || row.longitude === null
        ? null
        : { latitude: row.latitude, longitude: row.longitude },
    shareLocation: row.share_location,
    shareCamera: row.share_camera,
    shareTakenAt: row.share_taken_at,
    shareText: row.share_text,
    allowDownload: row.allow_download,
    availability: row.availability,
    createdAt: row.created_at,
    uploadExpiresAt: row.upload_expires_at,
    publishedAt: row.published_at,
    score: row.score === null ? null : Number(row.score),
    likeCount: Number(row.likes ?? 0),
    commentCount: Number(row.comments ?? 0),
    likedByViewer: row.liked,
    commentPolicy: row.comment_policy,
    sensitive: row.sensitive,
    isLimited: row.limited_at !== null,
    variants: row.variants,
    inViewersCircle: row.in_circle,
    isMuted: row.muted,
  }
}
