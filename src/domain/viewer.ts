import type { UserId } from './ids.ts'

/** A share link's id: a UUID v7 in lower case. Not its token, which is a secret. */
export type LinkId = string

/** Nobody who is known. */
export interface AnonymousViewer {
  kind: 'anonymous'
}

/** An account. */
export interface UserViewer {
  kind: 'user'
  userId: UserId
}

/** The bearer of a share link, of whom nothing else is known. */
interface LinkViewer {
  kind: 'link'
  linkId: LinkId
}

/** The one that a read is made for, and whose rights decide what it returns. */
export type Viewer = AnonymousViewer | UserViewer | LinkViewer

export const ANONYMOUS: AnonymousViewer = { kind: 'anonymous' }

/** The account that looks, null for all others: what SQL takes as the viewer's id. */
export function viewerUserId(viewer: Viewer): UserId | null {
  return viewer.kind === 'user' ? viewer.userId : null
}

/** The link that is looked through, null for all others. */
export function viewerLinkId(viewer: Viewer): LinkId | null {
  return viewer.kind === 'link' ? viewer.linkId : null
}

/**
 * What tells one viewer from every other, for whatever is bound to a viewer, such as cursors. An account's key is its
 * bare id, which is all digits, so it never equals another kind's.
 */
export function viewerKey(viewer: Viewer): string {
  switch (viewer.kind) {
    case 'anonymous':
      return 'anonymous'
    case 'user':
      return viewer.userId
    case 'link':
      return `link:${viewer.linkId}`
  }
}
