import type { ShareLinkActivities } from '../contracts/activities/share-links.ts'
import type { Retraction } from '../services/retraction/module.ts'
import type { LinkEnds } from '../services/share-links/ends.ts'
import { asActivities } from './failures.ts'
import { measured } from './retraction.ts'

/** The steps of shareLink. */
export function createShareLinkActivities(
  { linkEnds }: { linkEnds: LinkEnds },
  { refusals, proofs }: Retraction,
): ShareLinkActivities {
  return asActivities<ShareLinkActivities>({
    async planShareLink({ linkId }) {
      const { isOwed, ...plan } = await linkEnds.plan(linkId)
      return { ...plan, edges: isOwed ? [...refusals.edges] : [] }
    },
    endShareLink: ({ linkId }) => linkEnds.end(linkId),
    refuseLinkAtEdge: ({ edge, linkId }) => measured('prove', () => refusals.refuseLink(edge, linkId)),
    recordLinkProof: async ({ linkId }) => void (await proofs.link(linkId)),
    purgeShareLink: ({ linkId }) => linkEnds.purge(linkId),
  })
}
