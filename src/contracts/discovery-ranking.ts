/** Ranks what is recommended (docs/discovery.md): the tags that trend, and the photos of explore. Scheduled every five minutes. */
export const DISCOVERY_RANKING = 'discoveryRanking'
export const DISCOVERY_RANKING_SCHEDULE_ID = 'discovery-ranking'

/** How much was ranked. */
export interface DiscoveryRankingResult {
  tags: number
  photos: number
}
