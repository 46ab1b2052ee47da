import type { AlbumId, CommentId, PhotoId, UserId } from '../../domain/ids.ts'
import { MAX_COUNTED_ACTORS, type NotificationKind } from '../../domain/notifications.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { NotificationRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { avatarOf } from '../../infra/db/rules.ts'
import type { NamedAccount } from '../albums/activity.ts'
import { loadAlbumCards, type AlbumCard } from '../albums/album-cards.ts'
import { findComments, type ShownComment } from '../engagement/read-comments.ts'
import { pageOfRows, type ListRead, type Page, type Reader } from '../lists/list-read.ts'
import { loadPhotoCards, type PhotoCard } from '../photos/photo-cards.ts'
import { countUnread, type Announce } from './announce.ts'
import { lockWriter } from './lock-writer.ts'
import { isShown, shownEntries } from './shown.ts'

/** A notification as its recipient sees it. */
export interface ShownNotification {
  notificationId: string
  kind: NotificationKind
  /** The latest three, latest first. */
  actors: NamedAccount[]
  /**
   * Exact up to {@link MAX_COUNTED_ACTORS}; beyond it, those who have taken it back count too. Of a drop box, how many photos
   * wait; of moderation, how many decisions; of security, how many events.
   */
  actorCount: number
  photo: PhotoCard | undefined
  /** The latest comment. */
  comment: ShownComment | undefined
  album: AlbumCard | undefined
  latestAt: Date
  readAt: Date | null
}

export interface Notifications {
  /** What the viewer was told of, as far as they may still know, latest first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<ShownNotification>>
  /** How many the list has that are unread. */
  countUnread(reader: Reader<UserViewer>): Promise<number>
  /** Marks as read whatever was written until then, and tells the account's streams. Idempotent. */
  markRead(userId: UserId, upTo: Date): Promise<void>
}

const RECIPIENT = '$1::bigint'

/** What tells guests apart, who have no account. */
const GUEST_ITEM = '(CASE WHEN e.actor_id IS NULL THEN e.item_id END)'

// Plan: a range of notifications_newest_idx, and for each the probes of the rules until the first entry that may be shown; then, for
// those of the page, up to 100 entries by notification_entries_pkey, with as many probes each.
const PAGE = `
  SELECT n.notification_id, n.kind, n.photo_id, n.album_id, n.latest_at, n.latest_event_id, n.read_at, n.actor_count, told.*
  FROM (
    SELECT n.* FROM notifications n
    WHERE n.recipient_id = ${RECIPIENT} AND ${isShown(RECIPIENT)} AND (n.latest_at, n.latest_event_id) < (
      coalesce('epoch'::timestamptz + $2::bigint * interval '1 millisecond', 'infinity'), coalesce($3::bigint, 0))
    ORDER BY n.latest_at DESC, n.latest_event_id DESC LIMIT $4) n,
  LATERAL (
    SELECT count(*)::integer AS counted, (array_agg(each.item_id ORDER BY each.event_id DESC))[1] AS item_id,
      coalesce(to_json((array_agg(json_build_object('userId', each.actor_id::text, 'username', each.username,
        'displayName', each.display_name, 'avatar', each.avatar) ORDER BY each.event_id DESC) FILTER (WHERE each.actor_id IS NOT NULL))[1:3]),
        '[]') AS actors
    FROM (${shownEntries(`DISTINCT ON (e.actor_id, ${GUEST_ITEM}) e.event_id, e.actor_id, e.item_id, a.username, a.display_name, ${avatarOf('a')} AS avatar`, RECIPIENT)}
      ORDER BY e.actor_id, ${GUEST_ITEM}, e.event_id DESC) each) told
  ORDER BY n.latest_at DESC, n.latest_event_id DESC`

// Plan: notifications_unread_idx.
const MARK_READ = `
  UPDATE notifications SET read_at = now() WHERE recipient_id = $1 AND read_at IS NULL AND latest_at <= $2
  RETURNING 1`

type PageRow = Pick<
  NotificationRow,
  | 'notification_id'
  | 'kind'
  | 'photo_id'
  | 'album_id'
  | 'latest_at'
  | 'latest_event_id'
  | 'read_at'
  | 'actor_count'
> & { counted: number; item_id: string | null; actors: NamedAccount[] }

export function createNotifications({
  db,
  announce,
}: {
  db: Pick<Database, 'transaction'>
  announce: Pick<Announce, 'unread'>
}): Notifications {
  return {
    async list(list) {
      const [latestAt, eventId] = list.after(['number', 'string']) ?? [null, null]
      const rows = await list.query<PageRow>({
        name: 'notifications',
        text: PAGE,
        values: [list.viewer.userId, latestAt, eventId, list.limit + 1],
      })
      return pageOfRows(
        list,
        rows,
        (row) => [row.latest_at.getTime(), row.latest_event_id],
        (shown) => withSubjects(list, shown),
      )
    },

    async countUnread({ query, viewer: { userId } }) {
      return (await countUnread(query, [userId])).get(userId)!
    },

    async markRead(userId, upTo) {
      const marked = await db.transaction(async (tx) => {
        await lockWriter(tx, userId)
        return tx.query({ text: MARK_READ, values: [userId, upTo] })
      })
      if (marked.length > 0) await announce.unread([userId])
    },
  }
}

/** One statement for all photos, one for all comments, two for all albums. What has just been hidden is left out. */
async function withSubjects(
  { query, viewer }: Reader<UserViewer>,
  rows: readonly PageRow[],
): Promise<ShownNotification[]> {
  const subjects = rows.map(subjectsOf)
  const photos = await ifAny(
    subjects.map(({ photoId }) => photoId),
    async (ids: PhotoId[]) => (await loadPhotoCards(query, viewer, ids)).cards,
  )
  const comments = await ifAny(
    subjects.map(({ commentId }) => commentId),
    (ids: CommentId[]) => findComments({ query, viewer }, ids),
  )
  const albums = await ifAny(
    subjects.map(({ albumId }) => albumId),
    async (ids: AlbumId[]) =>
      new Map((await loadAlbumCards(query, viewer, ids)).map((card) => [card.albumId, card])),
  )
  return rows.flatMap((row, place): ShownNotification[] => {
    const { photoId, commentId, albumId } = subjects[place]!
    const [photo, comment, album] = [photos.get(photoId), comments.get(commentId), albums.get(albumId)]
    if ((photoId && !photo) || (commentId && !comment) || (albumId && !album)) return []
    return [
      {
        notificationId: row.notification_id,
        kind: row.kind,
        actors: row.actors,
        actorCount: row.actor_count > MAX_COUNTED_ACTORS ? row.actor_count : row.counted,
        photo,
        comment,
        album,
        latestAt: row.latest_at,
        readAt: row.read_at,
      },
    ]
  })
}

/** Items that are no comments, and of which no more is told here. */
const WITHOUT_COMMENT: readonly NotificationKind[] = [
  'original_restored',
  'moderation_decision',
  'report_outcome',
  'security',
  'webhook_disabled',
  'export_ready',
]

/** The latest item is a photo in a drop box, the number of a restore, decision or security event, and a comment everywhere else. */
function subjectsOf({ kind, photo_id: photoId, album_id: albumId, item_id: itemId }: PageRow) {
  if (kind === 'drop_box') return { photoId: itemId, commentId: null, albumId }
  return { photoId, commentId: WITHOUT_COMMENT.includes(kind) ? null : itemId, albumId }
}

/** Loads those that are named, if there are any. */
async function ifAny<Item>(
  ids: readonly (string | null)[],
  load: (ids: string[]) => Promise<Map<string, Item>>,
): Promise<{ get(id: string | null): Item | undefined }> {
  const named = [...new Set(ids.filter((id) => id !== null))]
  const loaded = named.length > 0 ? await load(named) : new Map<string, Item>()
  return { get: (id) => (id === null ? undefined : loaded.get(id)) }
}
