import type { UserId } from './ids.ts'
import { viewerUserId, type Viewer } from './viewer.ts'
import { isGone, type PhotoStatus, type Visibility } from './visibility.ts'

export const ACCOUNT_STATUSES = ['active', 'suspended', 'deactivated', 'erasing', 'erased'] as const
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number]

/**
 * Its person has left, for now or for good: nobody acts in its name until they sign in again. A suspended account is not away: it
 * reads its decisions and appeals.
 */
export const isAway = (status: AccountStatus): boolean => status !== 'active' && status !== 'suspended'

/** What the rule needs to know about a photo. */
export interface PhotoAccess {
  ownerId: UserId
  visibility: Visibility
  status: PhotoStatus
}

/** What the rules need to know about an account that the viewer looks at. */
export interface AccountAccess {
  status: AccountStatus
  isPrivate: boolean
}

/** The relationship between a viewer and an account. */
export interface AccountRelations {
  /** The viewer follows the account; a private account has accepted the follow. */
  follows: boolean
  /** The viewer blocks the account. */
  blocking: boolean
  /** The account blocks the viewer. */
  blockedBy: boolean
}

/** The relationship between a viewer and a photo and its owner. */
export interface Relations extends AccountRelations {
  owner: AccountAccess
  /** The link in use is live, and the photo is in its album. */
  isInAlbumOfLink: boolean
  /** Besides, the photo's owner added it there, lets links show it, and has not narrowed it since. */
  grantedByLink: boolean
  /** The viewer is a member of an album to which the photo's owner added the photo, and it was not narrowed since. */
  grantedByMembership: boolean
}

/**
 * Whether the viewer may see the photo: the one rule. Its SQL twin is `infra/db/rules.ts`, its search twin
 * `infra/opensearch/visibility.ts`; `access.table.ts` holds the cases that all three must answer alike.
 *
 * - deleted, or in the trash: nobody (its owner lists it and restores it, and sees it nowhere else);
 * - the owner: every other photo of theirs, whatever the state of the account;
 * - not ready, or of a suspended or deactivated account: nobody else;
 * - a link: of the photos in its album, those whose owners let links show them, and those that everyone sees;
 * - a block, whichever side made it: nothing;
 * - a member of an album: what the owners of its photos granted by adding them (ADR 23);
 * - everyone else: by the effective visibility.
 *
 * Mutes are not part of it: they filter pages of the feed and do not take away any right.
 */
export function maySee(viewer: Viewer, photo: PhotoAccess, relations: Relations): boolean {
  if (isGone(photo.status)) return false
  if (viewerUserId(viewer) === photo.ownerId) return true
  if (photo.status !== 'ready' || relations.owner.status !== 'active') return false
  if (viewer.kind === 'link') {
    return relations.isInAlbumOfLink && (relations.grantedByLink || isOpen(photo, relations.owner))
  }
  if (isBlocked(relations)) return false
  return relations.grantedByMembership || isOfAudience(photo.visibility, relations)
}

/** What is shown to people who did not ask for it: what the rule needs to know besides. */
export interface Recommendation {
  /** Its owner says that it is sensitive. */
  sensitive: boolean
  /** Moderation says so. */
  isLimited: boolean
  /** Moderation hides all photos of its owner from explore. */
  isOwnerHidden: boolean
}

/**
 * Whether the photo may be shown to people who did not ask for it: in explore, in trending tags, in suggestions. Everyone sees it, and
 * nobody has called it sensitive or hidden its owner from there. A viewer's blocks and mutes are judged besides.
 */
export function isShownToAll(
  photo: Omit<PhotoAccess, 'ownerId'>,
  owner: AccountAccess,
  { sensitive, isLimited, isOwnerHidden }: Recommendation,
): boolean {
  return photo.status === 'ready' && isOpen(photo, owner) && !sensitive && !isLimited && !isOwnerHidden
}

/** Everyone sees it. */
const isOpen = ({ visibility }: Pick<PhotoAccess, 'visibility'>, owner: AccountAccess) =>
  effectiveVisibility(visibility, owner) === 'public'

function isOfAudience(
  visibility: Visibility,
  relations: AccountRelations & { owner: AccountAccess },
): boolean {
  switch (effectiveVisibility(visibility, relations.owner)) {
    case 'public':
      return true
    case 'followers':
      return relations.follows
    case 'private':
      return false
  }
}

/** What the rule needs to know about an album. */
export interface AlbumAccess {
  ownerId: UserId
  visibility: Visibility
}

/**
 * Whether the viewer may see the album: that it exists, its texts and its list of photos, each of which `maySee` judges by
 * itself. Its owner and its members may; of others, those whom its effective visibility reaches. Neither does across a
 * block or while the album's owner is not active.
 */
export function albumVisibleTo(
  viewer: Viewer,
  album: AlbumAccess,
  relations: AccountRelations & { owner: AccountAccess; isMember: boolean },
): boolean {
  if (viewerUserId(viewer) === album.ownerId) return true
  if (viewer.kind === 'link' || relations.owner.status !== 'active' || isBlocked(relations)) return false
  return relations.isMember || isOfAudience(album.visibility, relations)
}

/**
 * What the account that owns a photo or an album leaves of its visibility: never more than the account's followers see,
 * or nobody.
 */
export function effectiveVisibility(visibility: Visibility, owner: AccountAccess): Visibility {
  if (owner.status !== 'active') return 'private'
  return visibility === 'public' && owner.isPrivate ? 'followers' : visibility
}

/**
 * Whether the account exists for the viewer wherever accounts are listed. A link shows its photos with their owner's
 * name, and no account beside them.
 */
export function accountVisibleTo(
  viewer: Viewer,
  account: AccountAccess & { userId: UserId },
  relations: AccountRelations,
): boolean {
  return profileVisibleTo(viewer, account, relations) && !(isOther(viewer, account) && relations.blocking)
}

/** Whether the viewer may look up the account by name, even one they block, so that they can unblock it. */
export function profileVisibleTo(
  viewer: Viewer,
  account: AccountAccess & { userId: UserId },
  relations: AccountRelations,
): boolean {
  if (!isOther(viewer, account)) return true
  return viewer.kind !== 'link' && account.status === 'active' && !relations.blockedBy
}

/** Whether the viewer may see the account's lists of photos, followers and followees. */
export function accountListsVisibleTo(
  viewer: Viewer,
  account: AccountAccess & { userId: UserId },
  relations: AccountRelations,
): boolean {
  if (!accountVisibleTo(viewer, account, relations)) return false
  return !account.isPrivate || !isOther(viewer, account) || relations.follows
}

function isBlocked({ blocking, blockedBy }: AccountRelations): boolean {
  return blocking || blockedBy
}

function isOther(viewer: Viewer, account: { userId: UserId }): boolean {
  return viewerUserId(viewer) !== account.userId
}
