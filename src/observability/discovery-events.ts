import { Gauge } from 'prom-client'

const RANKINGS = ['tags', 'photos'] as const
type Ranking = (typeof RANKINGS)[number]

/** In ms since 1970; before the first one, since this process began. */
const rankedAt: Record<Ranking, number> = { tags: Date.now(), photos: Date.now() }

new Gauge({
  name: 'darkroom_discovery_ranking_age_seconds',
  help: 'Time since this process last made a ranking, or since it began; the least of all processes counts',
  labelNames: ['ranking'] as const,
  collect() {
    for (const ranking of RANKINGS) this.set({ ranking }, (Date.now() - rankedAt[ranking]) / 1_000)
  },
})

/** A ranking was made. */
export function ranked(ranking: Ranking): void {
  rankedAt[ranking] = Date.now()
}
