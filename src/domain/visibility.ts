import type { UserId } from './ids.ts'
import { viewerUserId, type Viewer } from './viewer.ts'

export const VISIBILITIES = ['public', 'followers', 'private'] as const
export type Visibility = (typeof VISIBILITIES)[number]

export const PHOTO_STATUSES = [
  'awaiting_upload',
  'processing',
  'ready',
  'failed',
  'quarantined',
  'deleted',
] as const
export type PhotoStatus = (typeof PHOTO_STATUSES)[number]

/** What the rule needs to know of a photo. */
export interface PhotoAccess {
  ownerId: UserId
  visibility: Visibility
  status: PhotoStatus
}

/** What the rule needs to know of the viewer's relation to the owner. */
export interface Relations {
  viewerFollowsOwner: boolean
}

/**
 * Whether the viewer may see the photo: the one rule. Its SQL twin is `infra/db/rules.ts`, its search twin
 * `infra/opensearch/visibility.ts`; `visibility.table.ts` holds the cases that all three must answer alike.
 *
 * - deleted: nobody;
 * - not ready: the owner alone;
 * - ready: the owner always, others by visibility.
 */
export function maySee(viewer: Viewer, photo: PhotoAccess, relations: Relations): boolean {
  if (photo.status === 'deleted') return false
  if (viewerUserId(viewer) === photo.ownerId) return true
  if (photo.status !== 'ready') return false
  switch (photo.visibility) {
    case 'public':
      return true
    case 'followers':
      return viewer.kind === 'user' && relations.viewerFollowsOwner
    case 'private':
      return false
  }
}

const REACH: Record<Visibility, number> = { private: 0, followers: 1, public: 2 }

/** Whether a change of visibility takes the right to see from anyone. */
export function isNarrowing(from: Visibility, to: Visibility): boolean {
  return REACH[to] < REACH[from]
}

/** Whether a photo in this state belongs in the feeds of its owner's followers (docs/feed.md, What is in a feed). */
export function belongsInFeeds(photo: Pick<PhotoAccess, 'status' | 'visibility'>): boolean {
  return photo.status === 'ready' && photo.visibility !== 'private'
}
