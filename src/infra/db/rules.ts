/**
 * The SQL twins of the rules in domain/, and the fragments that statements share. Every argument is SQL: an alias, a
 * column or a typed parameter such as `$1::bigint`; none of it is ever input.
 */

/** The viewer as SQL: both are NULL for an anonymous viewer, and at most one is set. */
export interface ViewerSql {
  /** bigint */
  userId: string
  /** uuid */
  linkId: string
}

/** A viewer that can only be an account or anonymous. */
export const accountOnly = (userId: string): ViewerSql => ({ userId, linkId: 'NULL::uuid' })

/** The account is in use: neither suspended nor deactivated. */
function activeOwner(user: string): string {
  return `${user}.status = 'active'`
}

/**
 * Whether a row exists, by one index probe for each outer row. Without OFFSET 0 the planner may hash one whole side
 * instead, and an account may have a million followers, or be blocked by as many.
 */
const probe = (table: string, condition: string) =>
  `EXISTS (SELECT FROM ${table} WHERE ${condition} OFFSET 0)`

/** The SQL twin of `isGone` (domain/visibility.ts). */
export function isGone(photo: string): string {
  return `(${photo}.status IN ('deleted', 'trashed'))`
}

/** The photo is in the trash of the account, which may restore it; NULL without an account. Plan: one probe of trashed_photos_pkey. */
export function inTrashOf(photo: string, ownerId: string): string {
  return `(${photo}.status = 'trashed' AND ${photo}.owner_id = ${ownerId}
    AND ${probe('trashed_photos', `trashed_photos.photo_id = ${photo}.photo_id AND erases_at > now()`)})`
}

/**
 * Moderation has a case about the photo or comment that is not closed, so that what is kept of it is evidence. Plan: one probe
 * of moderation_cases_open_key.
 */
export function isUnderReview(type: 'photo' | 'comment', id: string): string {
  return probe(
    'moderation_cases',
    `moderation_cases.subject_type = '${type}' AND moderation_cases.subject_id = ${id}::text
      AND moderation_cases.state <> 'closed'`,
  )
}

/** Moderation took the photo down, and has not restored it. Plan: one probe of photo_takedowns_pkey. */
export function isTakenDown(photoId: string): string {
  return probe('photo_takedowns', `photo_takedowns.photo_id = ${photoId}`)
}

/**
 * Until when decisions that stand limit or suspend the account: 'infinity' if one of them does not end, NULL if none stands. Plan: the
 * account's decisions, by moderation_decisions_owner_idx.
 */
export function measureUntil(userId: string, action: string): string {
  return `(SELECT max(coalesce(until, 'infinity')) FROM moderation_decisions
    WHERE owner_id = ${userId} AND subject_type = 'user' AND action = ${action} AND reversed_at IS NULL
      AND (until IS NULL OR until > now()))`
}

/** An edge of the graph. Plan: one probe of follows_pkey. */
export function follows(followerId: string, followeeId: string): string {
  return probe('follows', `follower_id = ${followerId} AND followee_id = ${followeeId}`)
}

/** A request to follow that awaits an answer. Plan: one probe of follow_requests_pkey. */
export function requests(followerId: string, followeeId: string): string {
  return probe('follow_requests', `follower_id = ${followerId} AND followee_id = ${followeeId}`)
}

/** The viewer follows or is the owner, so the photo belongs in their feed. NULL without a viewer. */
export function inCircle(ownerId: string, viewerId: string): string {
  return `(${ownerId} = ${viewerId} OR ${follows(viewerId, ownerId)})`
}

/** The account likes the photo; false without an account. Plan: one probe of likes_pkey. */
export function likes(userId: string, photoId: string): string {
  return probe('likes', `photo_id = ${photoId} AND user_id = ${userId}`)
}

/** Plan: one probe of blocks_pkey. */
export function blocks(blockerId: string, blockedId: string): string {
  return probe('blocks', `blocker_id = ${blockerId} AND blocked_id = ${blockedId}`)
}

/** Plan: two probes of blocks_pkey. */
export function blockedEitherWay(oneId: string, otherId: string): string {
  return `(${blocks(oneId, otherId)} OR ${blocks(otherId, oneId)})`
}

/** A mute that has not run out. Plan: one probe of mutes_pkey, or the muter's mutes once. */
export function mutes(muterId: string, mutedId: string): string {
  return `EXISTS (SELECT FROM mutes WHERE muter_id = ${muterId} AND muted_id = ${mutedId}
    AND (until IS NULL OR until > now()))`
}

/** Plan: one probe of album_members_pkey. */
export function memberOf(albumId: string, userId: string): string {
  return probe('album_members', `album_id = ${albumId} AND user_id = ${userId}`)
}

/**
 * The viewer is a member of an album to which the photo's owner added it. Plan: one probe of album_photos_photo_idx, and
 * one of album_members_pkey for each album that has the photo.
 */
function grantedByMembership(photo: string, viewer: ViewerSql): string {
  return `(${viewer.userId} IS NOT NULL AND ${probe(
    'album_photos g',
    `g.photo_id = ${photo}.photo_id AND g.granted AND g.added_by = ${photo}.owner_id
      AND ${memberOf('g.album_id', viewer.userId)}`,
  )})`
}

/** The link has not been ended, by its time or its workflow. A revoked one has no row. */
export function isLive(link: string): string {
  return `(${link}.ended_at IS NULL AND (${link}.expires_at IS NULL OR ${link}.expires_at > now()))`
}

/**
 * The link in use is live, the photo is in its album, and either the photo's owner lets links show it or everyone sees it.
 * Plan: one probe of share_links_pkey, albums_pkey, users_pkey and album_photos_pkey.
 */
function shownByLink(photo: string, owner: string, viewer: ViewerSql): string {
  return `EXISTS (
    SELECT FROM share_links l JOIN albums la ON la.album_id = l.album_id JOIN users lo ON lo.user_id = la.owner_id
      JOIN album_photos g ON g.album_id = l.album_id AND g.photo_id = ${photo}.photo_id
    WHERE l.link_id = ${viewer.linkId} AND ${isLive('l')} AND ${activeOwner('lo')} AND (
      g.granted AND g.shown_by_links AND g.added_by = ${photo}.owner_id OR ${isOpen(photo, owner)}) OFFSET 0)`
}

/** Its visibility and its owner's account show it to everyone. */
const isOpen = (photo: string, owner: string) => `${photo}.visibility = 'public' AND NOT ${owner}.is_private`

/** The SQL twin of `isShownToAll` (domain/access.ts), over a row of `photos` and its owner's row of `users`. */
export function isShownToAll(photo: string, owner: string): string {
  return `(${photo}.status = 'ready' AND ${activeOwner(owner)} AND ${isOpen(photo, owner)}
    AND NOT ${photo}.sensitive AND ${photo}.limited_at IS NULL AND NOT ${owner}.hidden_from_explore)`
}

/**
 * The SQL twin of `maySee` (domain/access.ts), over a row of `photos` and its owner's row of `users`. Written so that
 * blocks are probed only for what would be seen otherwise, albums only for what would be hidden, and nothing at all for the
 * owner.
 */
export function visibleTo(photo: string, owner: string, viewer: ViewerSql): string {
  return visibleWith(grantedByMembership(photo, viewer), photo, owner, viewer)
}

/** The same without membership of albums, for what goes by audience: profiles and the totals of searches. */
export function inAudience(photo: string, owner: string, viewer: ViewerSql): string {
  return visibleWith('false', photo, owner, viewer)
}

function visibleWith(membership: string, photo: string, owner: string, viewer: ViewerSql): string {
  return `(
    NOT ${isGone(photo)} AND (
      ${photo}.owner_id = ${viewer.userId}
      OR (${photo}.status = 'ready' AND ${activeOwner(owner)} AND CASE
        WHEN ${viewer.linkId} IS NOT NULL THEN ${shownByLink(photo, owner, viewer)}
        WHEN ${isOpen(photo, owner)}
          OR ${photo}.visibility IN ('public', 'followers') AND ${follows(viewer.userId, `${photo}.owner_id`)}
          OR ${membership}
        THEN NOT ${blockedEitherWay(viewer.userId, `${photo}.owner_id`)}
        ELSE false
      END)
    )
  ) IS TRUE`
}

/** The SQL twin of `albumVisibleTo` (domain/access.ts), over a row of `albums` and its owner's row of `users`. */
export function albumVisibleTo(album: string, owner: string, viewer: ViewerSql): string {
  return `(${album}.owner_id = ${viewer.userId} OR (
    ${viewer.linkId} IS NULL AND ${activeOwner(owner)} AND (
      ${album}.visibility = 'public' AND NOT ${owner}.is_private
      OR ${album}.visibility IN ('public', 'followers') AND ${follows(viewer.userId, `${album}.owner_id`)}
      OR ${memberOf(`${album}.album_id`, viewer.userId)})
    AND NOT ${blockedEitherWay(viewer.userId, `${album}.owner_id`)})
  ) IS TRUE`
}

/** The SQL twin of `profileVisibleTo` (domain/access.ts), over a row of `users`. */
export function profileVisibleTo(user: string, viewer: ViewerSql): string {
  return `(${user}.user_id = ${viewer.userId} OR (${viewer.linkId} IS NULL AND ${activeOwner(user)}
    AND NOT ${blocks(`${user}.user_id`, viewer.userId)})) IS TRUE`
}

/** The SQL twin of `accountVisibleTo` (domain/access.ts), over a row of `users`. */
export function accountVisibleTo(user: string, viewer: ViewerSql): string {
  return `(${user}.user_id = ${viewer.userId} OR (${viewer.linkId} IS NULL AND ${activeOwner(user)}
    AND NOT ${blockedEitherWay(viewer.userId, `${user}.user_id`)})) IS TRUE`
}

/** The SQL twin of `accountListsVisibleTo` (domain/access.ts), over a row of `users`. */
export function accountListsVisibleTo(user: string, viewer: ViewerSql): string {
  return `(${accountVisibleTo(user, viewer)} AND (
    NOT ${user}.is_private OR ${inCircle(`${user}.user_id`, viewer.userId)}) IS TRUE)`
}

/**
 * Neither deleted nor, for anyone but its author, taken down. True for an outer row that is absent, as that of a comment's
 * parent may be.
 */
export function commentShown(comment: string, viewerId: string): string {
  return `(${comment}.deleted_at IS NULL AND (${comment}.taken_down_at IS NULL OR ${comment}.author_id = ${viewerId}))`
}

/**
 * The comment's author exists for the viewer; or has left for good, and the comment stands without text for the sake of its replies.
 */
export function commentStands(comment: string, author: string, viewer: ViewerSql): string {
  return `(${comment}.erased_at IS NOT NULL AND ${comment}.reply_count > 0 OR ${accountVisibleTo(author, viewer)})`
}

/** The SQL twin of `belongsInFeeds`; written as in photos_feed_idx, so that the index serves it. */
export function feedable(photo: string): string {
  return `(${photo}.status = 'ready' AND ${photo}.visibility IN ('public', 'followers'))`
}

/**
 * SQL that says where the avatar of a row of `users` lies, as {@link AvatarPlace}; null without one. Whoever may see the account's
 * name may see it; that of a suspended account, which sees itself, nobody.
 */
export const avatarOf = (user: string): string =>
  `CASE WHEN ${user}.avatar_id IS NOT NULL AND ${user}.status <> 'suspended' THEN concat_ws('/', ${user}.avatar_id, ${user}.avatar_epoch,
    ${user}.access_epoch + ${user}.audience_epoch) END`

/** Its id, the epoch under which its objects lie, and the owner's epoch in image URLs: `<id>/<epoch>/<epoch>`. */
export type AvatarPlace = string
