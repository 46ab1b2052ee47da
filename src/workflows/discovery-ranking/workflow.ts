import { setCurrentDetails } from '@temporalio/workflow'
import type { DiscoveryRankingResult } from '../../contracts/discovery-ranking.ts'
import { steps } from './steps.ts'

/**
 * Ranks tags and photos as of its start. One that fails does not hold up the other.
 * @throws ActivityFailure once both have ended
 */
export async function discoveryRanking(): Promise<DiscoveryRankingResult> {
  const now = Date.now()
  const rankings = [steps.rankTags({ now }), steps.rankPhotos({ now })] as const
  await Promise.allSettled(rankings)
  const [tags, photos] = await Promise.all(rankings)
  setCurrentDetails(`${tags} tags trend; explore has ${photos} photos`)
  return { tags, photos }
}
