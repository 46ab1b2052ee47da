/** The steps of discoveryRanking. `now` in ms since 1970: a retry makes the same ranking again. */
export interface DiscoveryActivities {
  /** @returns how many tags trend */
  rankTags: (input: { now: number }) => Promise<number>
  /** @returns how many photos explore has */
  rankPhotos: (input: { now: number }) => Promise<number>
}
