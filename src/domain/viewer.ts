import type { UserId } from './ids.ts'

/** A share link's id: a UUID v7 in lower case. Not its token, which is a secret. */
export type LinkId = string

/** An anonymous viewer. */
export interface AnonymousViewer {
  kind: 'anonymous'
}

/** An account. */
export interface UserViewer {
  kind: 'user'
  userId: UserId
}

/** The otherwise anonymous bearer of a share link. */
export interface LinkViewer {
  kind: 'link'
  linkId: LinkId
}

/** The party that a read is made for; their rights decide what it returns. */
export type Viewer = AnonymousViewer | UserViewer | LinkViewer

export const ANONYMOUS: AnonymousViewer = { kind: 'anonymous' }

/** The viewer's account id for SQL; null for a viewer without an account. */
export function viewerUserId(viewer: Viewer): UserId | null {
  return viewer.kind === 'user' ? viewer.userId : null
}

/** The share link in use; null for all other viewers. */
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
