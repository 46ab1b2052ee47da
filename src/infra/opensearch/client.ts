import { Client } from '@opensearch-project/opensearch'

export type { Client }

/** A search or a document write that takes longer counts as OpenSearch being down; setup calls give their own. */
const REQUEST_TIMEOUT_MS = 3_000
/** One more try on another connection; what still fails is answered 503, or retried by the workflow. */
const MAX_RETRIES = 1
/** Sockets a process keeps to the cluster: above them requests queue here instead of at OpenSearch's search queue. */
const MAX_SOCKETS = 64

/**
 * A client of the cluster at `url` (credentials may stand in it: `https://user:password@host:9200`). Nothing is
 * connected before the first call.
 */
export function openSearchClient(url: string): Client {
  return new Client({
    node: url,
    requestTimeout: REQUEST_TIMEOUT_MS,
    maxRetries: MAX_RETRIES,
    agent: { keepAlive: true, maxSockets: MAX_SOCKETS },
  })
}
