import type { UserId } from '../domain/ids.ts'
import type { LinkId } from '../domain/viewer.ts'

/**
 * The life of a share link, as operators see it: waits until it expires or is revoked, and then has every edge refuse the
 * image URLs that were issued through it. Whether the link shows anything is decided by its row, at once and without it.
 */
export const SHARE_LINK = 'shareLink'
export const shareLinkWorkflowId = (linkId: LinkId): string => `link/${linkId}`

export interface ShareLinkInput {
  linkId: LinkId
  /** The owner of its album when it was made. */
  ownerId: UserId
}

/** Signal: the link was made or revoked. */
export const LINK_CHANGED = 'linkChanged'
/** Query: how far the link has come. */
export const SHARE_LINK_PROGRESS = 'shareLinkProgress'

export interface ShareLinkProgress {
  /** `ending`: no longer shown, and not yet refused everywhere. `ended`: it is, and the row still says that it has expired. */
  state: 'live' | 'ending' | 'ended' | 'gone'
  /** How many edges have proven that they refuse it; the URLs of one that could not be reached have expired. */
  edges: { proven: number; expired: number }
}
