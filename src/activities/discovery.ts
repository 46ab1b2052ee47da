import type { DiscoveryActivities } from '../contracts/activities/discovery.ts'
import type { Rankings } from '../services/discovery/module.ts'
import { asActivities } from './failures.ts'

/** The steps of discoveryRanking. */
export function createDiscoveryActivities({ rankTags, rankPhotos }: Rankings): DiscoveryActivities {
  return asActivities<DiscoveryActivities>({
    rankTags: ({ now }) => rankTags(now),
    rankPhotos: ({ now }) => rankPhotos(now),
  })
}
