import type { PhotoId } from '../../domain/ids.ts'
import type { Client } from './client.ts'
import { reachable } from './errors.ts'
import type { PhotoDocument } from './photo-index.ts'

/** Reads documents of one index as they are, for comparisons. */
export interface StoredDocuments {
  /** Those with ids after `after` and up to `until`, by id, at most `size`; as of the last refresh. */
  between(after: PhotoId | null, until: PhotoId | null, size: number): Promise<PhotoDocument[]>
  /** Those of the photos, as of now. */
  of(photoIds: readonly PhotoId[]): Promise<PhotoDocument[]>
  /** As of the last refresh. */
  count(): Promise<number>
}

/** A page of documents comes with all their fields. */
const CALL = { requestTimeout: 20_000 }

/**
 * @param index a name or an alias
 * All methods throw DarkroomError `unavailable` when OpenSearch is down or lacks the index.
 */
export function storedDocuments(client: Client, index: string): StoredDocuments {
  return {
    async between(after, until, size) {
      const bounds = { ...(after !== null && { gt: after }), ...(until !== null && { lte: until }) }
      const { body } = await reachable(
        client.search(
          {
            index,
            allow_partial_search_results: false,
            filter_path: 'hits.hits._source',
            body: {
              query: { range: { photoId: bounds } },
              size,
              sort: [{ photoId: { order: 'asc' } }],
              track_total_hits: false,
            },
          },
          CALL,
        ),
      )
      const hits = (body.hits as { hits?: { _source: unknown }[] } | undefined)?.hits ?? []
      return hits.map(({ _source: source }) => source as PhotoDocument)
    },

    async of(photoIds) {
      if (photoIds.length === 0) return []
      const { body } = await reachable(client.mget({ index, body: { ids: [...photoIds] } }, CALL))
      return (body.docs as { found?: boolean; _source?: unknown }[])
        .filter(({ found }) => found)
        .map(({ _source: source }) => source as PhotoDocument)
    },

    async count() {
      const { body } = await reachable(client.count({ index }))
      return body.count
    },
  }
}
