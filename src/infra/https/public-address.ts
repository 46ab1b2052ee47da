import { lookup as resolve, type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** A name led to an address of a network that requests may not reach. The message names no address. */
export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError'
}

/**
 * Whether requests may go there: to public addresses, and to those of the networks (CIDR) that the settings name. IPv6
 * addresses that carry one of IPv4 are judged by that one, or count as not public.
 */
export function isReachable(address: string, networks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  if (parsed.range() === 'unicast') return true
  return networks.some((network) => {
    const [base, bits] = ipaddr.parseCIDR(network)
    return base.kind() === parsed.kind() && parsed.match(base, bits)
  })
}

/**
 * For `http.request`: resolves a name to the addresses that the connection then goes to, so that nothing can be resolved to
 * another one in between. One refused address refuses all. Node does not resolve a name that is an address: see `isReachable`.
 */
export function lookupReachable(
  networks: readonly string[],
  lookup: typeof resolve = resolve,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '')
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => isReachable(address, networks)))
        return callback(new RefusedAddressError(`${hostname} leads to a network that is not reachable`), '')
      if (options.all) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
  }
}
