import type { LinkId } from '../../domain/viewer.ts'

/** What the row of a link asks for. `gone`: there is none, as it was revoked. `msLeft`: null if it has no end. */
export type LinkPlan = { state: 'live'; msLeft: number | null } | { state: 'expired' } | { state: 'gone' }

/** The steps of shareLink. */
export interface ShareLinkActivities {
  planShareLink: (input: { linkId: LinkId }) => Promise<LinkPlan & { edges: string[] }>
  endShareLink: (input: { linkId: LinkId }) => Promise<void>
  /** One edge denies all that was issued through the link, and proves it. */
  refuseLinkAtEdge: (input: { edge: string; linkId: LinkId }) => Promise<void>
  recordLinkProof: (input: { linkId: LinkId }) => Promise<void>
  purgeShareLink: (input: { linkId: LinkId }) => Promise<void>
}
