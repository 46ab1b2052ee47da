import { Counter, Gauge } from 'prom-client'
import type { IndexInspection } from '../contracts/search-drift.ts'
import type { Findings } from '../contracts/search-reindex.ts'

const photos = new Gauge({
  name: 'darkroom_search_photos',
  help: 'Published photos, as of the last look at the search index',
})

const documents = new Gauge({
  name: 'darkroom_search_documents',
  help: 'Documents in the search index, as of the last look at it',
})

const states = ['ready', 'outdated', 'lost', 'emptied'] as const
const state = new Gauge({
  name: 'darkroom_search_index_state',
  help: 'How the search index was found at the last look: 1 for that state, 0 for others',
  labelNames: ['state'] as const,
})

const compared = new Counter({
  name: 'darkroom_search_compared_total',
  help: 'Photos that were compared with their search documents',
})

const kinds = ['missing', 'extra', 'stale', 'ahead', 'different'] as const
const drift = new Counter({
  name: 'darkroom_search_drift_total',
  help: 'Photos whose search document was found out of line with the row, by what was wrong',
  labelNames: ['kind'] as const,
})
// A series that started with its first finding would show no increase, so start it at 0.
for (const kind of kinds) drift.inc({ kind }, 0)

const unrepaired = new Counter({
  name: 'darkroom_search_unrepaired_total',
  help: 'Photos whose search document stayed out of line after it was written again',
})

export function reportInspection(inspection: IndexInspection): void {
  photos.set(inspection.photos)
  documents.set(inspection.documents)
  for (const each of states) state.set({ state: each }, each === inspection.state ? 1 : 0)
}

export function reportComparison(found: Findings): void {
  compared.inc(found.compared)
  let all = 0
  for (const kind of kinds) {
    drift.inc({ kind }, found[kind])
    all += found[kind]
  }
  unrepaired.inc(all - found.repaired)
}
