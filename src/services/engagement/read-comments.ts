import { notFound } from '../../domain/errors.ts'
import type { CommentId, PhotoId, UserId } from '../../domain/ids.ts'
import { NAME_OF_ERASED } from '../../domain/leaving.ts'
import { viewerLinkId, viewerUserId } from '../../domain/viewer.ts'
import type { CommentRow, UserRow } from '../../entities/index.ts'
import {
  accountVisibleTo,
  commentShown,
  commentStands,
  visibleTo,
  type ViewerSql,
  avatarOf,
  type AvatarPlace,
} from '../../infra/db/rules.ts'
import { pageOfRows, type ListRead, type Page, type Reader } from '../lists/list-read.ts'

/** A comment as its viewer sees it. */
export interface ShownComment {
  commentId: CommentId
  photoId: PhotoId
  /** The top-level comment that it replies to; null for a top-level comment. */
  parentId: CommentId | null
  author: { userId: UserId; username: string; displayName: string | null; avatar: AvatarPlace | null }
  /** Its author left for good: it has no text, and stands for the sake of its replies. */
  isErased: boolean
  text: string
  /** The mentioned accounts that exist for the viewer. */
  mentions: { userId: UserId; username: string }[]
  /** All replies that are neither deleted nor taken down, the ones that the viewer does not see too. */
  replyCount: number
  version: number
  createdAt: Date
  editedAt: Date | null
}

/** A comment with what decides whether the viewer may change it. */
export interface FoundComment extends ShownComment {
  photoOwnerId: UserId
}

/** Who asks for a comment. */
interface Finder extends Pick<Reader, 'query' | 'viewer'> {
  /** They moderate, as the staff service says of their session: blocks between them and the author do not count. */
  moderates?: boolean
}

const VIEWER: ViewerSql = { userId: '$2::bigint', linkId: '$3::uuid' }

// Plan, for each comment: one probe of users_pkey, two of blocks_pkey, and one of comment_mentions_pkey, whose at most ten
// rows take as many probes each.
const COLUMNS = `
  c.comment_id, c.photo_id, c.parent_id, c.version, c.text, c.reply_count, c.created_at, c.edited_at,
  c.author_id, a.username, a.display_name, ${avatarOf('a')} AS avatar, c.erased_at,
  (SELECT coalesce(json_agg(json_build_object('userId', m.user_id::text, 'username', n.username) ORDER BY m.user_id), '[]')
    FROM comment_mentions m JOIN users n ON n.user_id = m.user_id
    WHERE m.comment_id = c.comment_id AND ${accountVisibleTo('n', VIEWER)}) AS mentions`

/** The place of a comment in its list: when it was written in ms since 1970, and its id. */
const POSITION = ['number', 'string'] as const

/** The position; before the first page, one beyond all comments. */
const positionOr = (time: 'infinity' | '-infinity') =>
  `(coalesce('epoch'::timestamptz + $4::bigint * interval '1 millisecond', '${time}'), coalesce($5::uuid, $1::uuid))`

// Walks comments_newest_idx or comments_replies_idx from the cursor; comments by accounts that do not exist for the viewer
// are skipped within its order. By time and not by id alone: the planner may walk comments_pkey for that, and with it the
// comments of all photos.
const NEWEST = `
  SELECT ${COLUMNS} FROM comments c JOIN users a ON a.user_id = c.author_id
  WHERE c.photo_id = $1 AND c.parent_id IS NULL AND ${commentShown('c', VIEWER.userId)} AND ${commentStands('c', 'a', VIEWER)}
    AND (c.created_at, c.comment_id) < ${positionOr('infinity')} ORDER BY c.created_at DESC, c.comment_id DESC LIMIT $6`
const REPLIES = `
  SELECT ${COLUMNS} FROM comments c JOIN users a ON a.user_id = c.author_id
  WHERE c.parent_id = $1 AND ${commentShown('c', VIEWER.userId)} AND ${accountVisibleTo('a', VIEWER)}
    AND (c.created_at, c.comment_id) > ${positionOr('-infinity')} ORDER BY c.created_at, c.comment_id LIMIT $6`

const SHOWN = `${commentShown('c', VIEWER.userId)} AND ${commentShown('t', VIEWER.userId)}`

// Those who may delete a comment find it whatever lies between them and its author.
const FIND = `
  SELECT ${COLUMNS}, p.owner_id
  FROM comments c JOIN users a ON a.user_id = c.author_id
    JOIN photos p ON p.photo_id = c.photo_id JOIN users u ON u.user_id = p.owner_id
    LEFT JOIN comments t ON t.comment_id = c.parent_id LEFT JOIN users b ON b.user_id = t.author_id
  WHERE c.comment_id = ANY ($1::uuid[]) AND ${SHOWN} AND ${visibleTo('p', 'u', VIEWER)} AND (
    ${VIEWER.userId} IN (c.author_id, p.owner_id) OR $4::boolean
    OR (${commentStands('c', 'a', VIEWER)} AND (t.comment_id IS NULL OR ${commentStands('t', 'b', VIEWER)})))`

// One probe of photos_pkey and users_pkey, those of the access rule, and the same of comments and its author.
const THREAD = `
  SELECT $4::uuid IS NULL OR EXISTS (
    SELECT FROM comments t JOIN users b ON b.user_id = t.author_id
    WHERE t.comment_id = $4 AND t.photo_id = p.photo_id AND t.parent_id IS NULL AND ${commentShown('t', VIEWER.userId)}
      AND ${commentStands('t', 'b', VIEWER)}) AS parent_seen
  FROM photos p JOIN users u ON u.user_id = p.owner_id WHERE p.photo_id = $1 AND ${visibleTo('p', 'u', VIEWER)}`

/**
 * The comments of a photo, newest first, or with `parentId` the replies to one of them, oldest first; without those by
 * accounts that do not exist for the viewer.
 * @throws DarkroomError not_found (the photo, or the comment), bad_cursor
 */
export async function readComments(
  list: ListRead,
  photoId: PhotoId,
  parentId: CommentId | undefined,
): Promise<Page<ShownComment>> {
  const { query, limit } = list
  const viewer = [viewerUserId(list.viewer), viewerLinkId(list.viewer)]
  const [thread] = await query<{ parent_seen: boolean }>({
    name: 'comment-thread',
    text: THREAD,
    values: [photoId, ...viewer, parentId ?? null],
  })
  if (!thread) throw notFound('photo')
  if (!thread.parent_seen) throw notFound('comment')
  const [writtenAt, commentId] = list.after(POSITION) ?? [null, null]
  const page = [...viewer, writtenAt, commentId, limit + 1]
  const rows = await query<ShownRow>(
    parentId === undefined
      ? { name: 'comments-newest', text: NEWEST, values: [photoId, ...page] }
      : { name: 'comments-replies', text: REPLIES, values: [parentId, ...page] },
  )
  return pageOfRows(
    list,
    rows,
    (row) => [row.created_at.getTime(), row.comment_id],
    (shown) => shown.map(toComment),
  )
}

/** One comment, if the viewer may see its photo. @throws DarkroomError not_found */
export async function findComment(finder: Finder, commentId: CommentId): Promise<FoundComment> {
  const comment = (await findComments(finder, [commentId])).get(commentId)
  if (!comment) throw notFound('comment')
  return comment
}

/** The same for many at once, without those that are absent or hidden. */
export async function findComments(
  { query, viewer, moderates = false }: Finder,
  commentIds: readonly CommentId[],
): Promise<Map<CommentId, FoundComment>> {
  const rows = await query<ShownRow & { owner_id: UserId }>({
    name: 'comments-by-id',
    text: FIND,
    values: [commentIds, viewerUserId(viewer), viewerLinkId(viewer), moderates],
  })
  return new Map(rows.map((row) => [row.comment_id, { ...toComment(row), photoOwnerId: row.owner_id }]))
}

type ShownRow = Pick<
  CommentRow,
  | 'comment_id'
  | 'photo_id'
  | 'parent_id'
  | 'version'
  | 'text'
  | 'reply_count'
  | 'created_at'
  | 'edited_at'
  | 'author_id'
  | 'erased_at'
> &
  Pick<UserRow, 'username' | 'display_name'> & {
    avatar: AvatarPlace | null
    mentions: ShownComment['mentions']
  }

const NOBODY = { userId: '0', username: NAME_OF_ERASED, displayName: null, avatar: null }

function toComment(row: ShownRow): ShownComment {
  return {
    commentId: row.comment_id,
    photoId: row.photo_id,
    parentId: row.parent_id,
    author: row.erased_at
      ? NOBODY
      : {
          userId: row.author_id,
          username: row.username,
          displayName: row.display_name,
          avatar: row.avatar,
        },
    isErased: row.erased_at !== null,
    text: row.text,
    mentions: row.mentions,
    replyCount: row.reply_count,
    version: row.version,
    createdAt: row.created_at,
    editedAt: row.edited_at,
  }
}
