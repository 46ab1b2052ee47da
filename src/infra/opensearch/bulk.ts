import type { Client } from './client.ts'
import { isOutageStatus, reachable, searchUnavailable } from './errors.ts'

/** One line of a bulk request, or two with a document. The version is external. */
export interface BulkOperation {
  index: string
  id: string
  version: number
  /** JSON; without it the document is deleted. */
  source?: string | undefined
  /** Writes over the same version too; otherwise only over an older one. */
  overSame: boolean
}

/**
 * What became of an operation. `outdated`: the index holds this version or a newer one. `absent`: there was nothing to delete;
 * the index remembers the version for a while. `rejected`: the document does not fit the mapping, by OpenSearch's name for it.
 */
export type BulkOutcome =
  { state: 'written' } | { state: 'outdated' } | { state: 'absent' } | { state: 'rejected'; reason: string }

/** The bounds of a request: a node holds it in memory until its last document is written. */
const MAX_BYTES = 5_000_000
const MAX_OPERATIONS = 1_000

/** How long a shard may be looked for, and then how long a request may take; a full one takes about a second. */
const SHARD_WAIT = '5s'
const REQUEST_TIMEOUT_MS = 20_000

/**
 * Carries out operations in requests of bounded size, one after the other, and says what became of each, in order.
 * Repeating it is harmless, because versions decide.
 * @throws DarkroomError `unavailable` when OpenSearch is down or overloaded; some operations may be done by then
 */
export async function bulk(client: Client, operations: readonly BulkOperation[]): Promise<BulkOutcome[]> {
  const outcomes: BulkOutcome[] = []
  for (const request of inRequests(operations)) outcomes.push(...(await send(client, request)))
  return outcomes
}

/** Cuts before an operation that would exceed a bound; one that alone exceeds it is sent alone. */
export function* inRequests(operations: readonly BulkOperation[]): Generator<BulkOperation[]> {
  let request: BulkOperation[] = []
  let bytes = 0
  for (const operation of operations) {
    const size = Buffer.byteLength(operation.source ?? '')
    if (request.length > 0 && (request.length === MAX_OPERATIONS || bytes + size > MAX_BYTES)) {
      yield request
      request = []
      bytes = 0
    }
    request.push(operation)
    bytes += size
  }
  if (request.length > 0) yield request
}

async function send(client: Client, operations: readonly BulkOperation[]): Promise<BulkOutcome[]> {
  const { body } = await reachable(
    client.bulk(
      {
        timeout: SHARD_WAIT,
        filter_path: 'items.*.status,items.*.error.type',
        // The client takes lines that are JSON already.
        body: operations.flatMap(linesOf) as unknown as Record<string, unknown>[],
      },
      { requestTimeout: REQUEST_TIMEOUT_MS },
    ),
  )
  return body.items.map((item) => outcomeOf(Object.values(item)[0] as BulkItem))
}

function linesOf({ index, id, version, source, overSame }: BulkOperation): string[] {
  const about = { _index: index, _id: id, version, version_type: overSame ? 'external_gte' : 'external' }
  return source === undefined
    ? [JSON.stringify({ delete: about })]
    : [JSON.stringify({ index: about }), source]
}

interface BulkItem {
  status: number
  error?: { type: string }
}

function outcomeOf({ status, error }: BulkItem): BulkOutcome {
  const reason = error?.type ?? String(status)
  if (status < 300) return { state: 'written' }
  if (status === 409) return { state: 'outdated' }
  if (status === 404 && !error) return { state: 'absent' }
  if (isOutageStatus(status) || status === 404) throw searchUnavailable(new Error(`OpenSearch: ${reason}`))
  return { state: 'rejected', reason }
}
