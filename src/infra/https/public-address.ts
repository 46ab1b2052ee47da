import { lookup as resolve, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** A name led to an address of a network that requests may not reach. The message names no address. */
export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError'
}

/** Resolves a name to all of its addresses, as `dns.lookup` does. */
export type ResolveAll = (
  hostname: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** The addresses of IPv6 that are routed (RFC 4291); what ipaddr.js does not name outside of it is not. */
const ROUTED_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Whether requests may go there: to public addresses, and to those of the networks (CIDR) that the settings name. IPv6
 * addresses that carry one of IPv4 are judged by that one, or count as not public.
 */
export function isReachable(address: string, networks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  const isRouted = parsed.kind() === 'ipv4' || parsed.match(...ROUTED_IPV6)
  if (isRouted && parsed.range() === 'unicast') return true
  return networks.some((network) => {
    const [base, bits] = ipaddr.parseCIDR(network)
    return base.kind() === parsed.kind() && parsed.match(base, bits)
  })
}

/** The host of a URL without the brackets of an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

/**
 * For `http.request`: resolves a name to the addresses that the connection then goes to, so that nothing can be resolved to
 * another one in between. One refused address refuses all. Node does not resolve a name that is an address: see `isReachable`.
 */
export function lookupReachable(
  networks: readonly string[],
  resolveAll: ResolveAll = resolve,
): LookupFunction {
  return (hostname, options, callback) => {
    resolveAll(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => isReachable(address, networks)))
        return callback(new RefusedAddressError(`${hostname} leads to a network that is not reachable`), '')
      if (options.all) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
  }
}

/** Whether requests to this host would be let through, by what it resolves to now. */
export function leadsToReachable(
  url: URL,
  networks: readonly string[],
  resolveAll: ResolveAll,
): Promise<boolean> {
  const host = hostOf(url)
  if (isIP(host)) return Promise.resolve(isReachable(host, networks))
  const lookup = lookupReachable(networks, resolveAll)
  return new Promise((done) => lookup(host, { all: true }, (error) => done(!error)))
}
