import {
  ActivityFailure,
  condition,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  TimeoutFailure,
  upsertSearchAttributes,
} from '@temporalio/workflow'
import { stageAttribute } from '../../contracts/search-attributes.ts'
import {
  LINK_CHANGED,
  SHARE_LINK_PROGRESS,
  type ShareLinkInput,
  type ShareLinkProgress,
} from '../../contracts/share-link.ts'
import { steps } from './steps.ts'

const linkChanged = defineSignal(LINK_CHANGED)
const shareLinkProgress = defineQuery<ShareLinkProgress>(SHARE_LINK_PROGRESS)

/** For so long a link that has expired says so, instead of being unknown. */
const EXPIRED_KEPT_MS = 7 * 24 * 60 * 60 * 1000

/** The life of a share link (contracts/share-link.ts). What the row says is read again after every timer and signal. */
export async function shareLink({ linkId }: ShareLinkInput): Promise<ShareLinkProgress> {
  const progress: ShareLinkProgress = { state: 'live', edges: { proven: 0, expired: 0 } }
  let isNews = false
  setHandler(linkChanged, () => void (isNews = true), { description: 'The link was made or revoked' })
  setHandler(shareLinkProgress, () => progress, { description: 'How far the link has come' })

  for (;;) {
    isNews = false
    const plan = await steps.plan({ linkId })
    if (plan.state === 'live') {
      reach('live')
      await until(() => isNews, plan.msLeft, 'Until the link expires')
      continue
    }
    reach('ending')
    if (plan.state === 'expired') await steps.end({ linkId })
    progress.edges = await refuseAtAll(plan.edges)
    await steps.recordProof({ linkId })
    if (plan.state === 'expired') {
      reach('ended')
      if (await until(() => isNews, EXPIRED_KEPT_MS, 'Until the link is forgotten')) continue
      await steps.purge({ linkId })
    }
    reach('gone')
    return progress
  }

  /** Each edge by itself: one that is away holds up no other. */
  async function refuseAtAll(edges: readonly string[]): Promise<ShareLinkProgress['edges']> {
    const proven = await Promise.all(edges.map((edge) => refuse(edge)))
    return { proven: proven.filter(Boolean).length, expired: proven.filter((is) => !is).length }
  }

  /** @returns false if the URLs have expired before the edge could be reached */
  async function refuse(edge: string): Promise<boolean> {
    try {
      await steps.refuse(edge)({ edge, linkId })
      return true
    } catch (error) {
      if (error instanceof ActivityFailure && isOutOfTime(error)) return false
      throw error
    }
  }

  function reach(state: ShareLinkProgress['state']): void {
    progress.state = state
    upsertSearchAttributes([{ key: stageAttribute, value: state }])
    const { proven, expired } = progress.edges
    setCurrentDetails(`${state}; ${proven} edges refuse the link, at ${expired} its URLs have expired`)
  }
}

/** No time is left for another attempt, or ended the one that was under way. */
function isOutOfTime({ retryState, cause }: ActivityFailure): boolean {
  return retryState === 'TIMEOUT' || cause instanceof TimeoutFailure
}

/** @returns whether it came about before the time was over; null waits for ever */
async function until(isSo: () => boolean, timeoutMs: number | null, summary: string): Promise<boolean> {
  if (timeoutMs !== null) return condition(isSo, Math.max(1, timeoutMs), { summary })
  await condition(isSo)
  return true
}
