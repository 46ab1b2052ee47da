import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { isIP } from 'node:net'
import {
  hostOf,
  isReachable,
  lookupReachable,
  RefusedAddressError,
  type ResolveAll,
} from './public-address.ts'

interface GuardedPost {
  /** https */
  url: URL
  headers: Record<string, string>
  body: Buffer
  signal: AbortSignal
}

/**
 * Posts by https to public addresses and those of the named networks alone, and follows no redirect.
 * @param networks CIDR
 * @returns sends a request; resolves with the beginning of its answer, which the caller reads or destroys
 */
export function createGuardedPost(networks: readonly string[], resolveAll?: ResolveAll) {
  const lookup = lookupReachable(networks, resolveAll)
  return ({ url, headers, body, signal }: GuardedPost): Promise<IncomingMessage> => {
    const host = hostOf(url)
    if (isIP(host) && !isReachable(host, networks))
      return Promise.reject(new RefusedAddressError(`${host} is in a network that is not reachable`))
    return new Promise((resolve, reject) => {
      const all = { ...headers, 'Content-Length': body.length }
      // Without an agent, so that each connection goes to an address that was just judged.
      const sending = request(url, { method: 'POST', headers: all, lookup, signal, agent: false })
      sending.once('response', resolve).once('error', reject)
      sending.end(body)
    })
  }
}
