import { Resolver } from 'node:dns/promises'
import type { ResolveAll } from './public-address.ts'

const TIMEOUT_MS = 2_000
const TRIES = 2

/**
 * Asks the name servers themselves, for names that users gave. `dns.lookup` waits in one of the few threads that files and
 * passwords need too, so that name servers that stall would hold up everything; and it knows the names of this machine.
 */
export function createResolveByDns(): ResolveAll {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES })
  return (hostname, _options, callback) => {
    void Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]).then(([v4, v6]) => {
      const addresses = [
        ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
        ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
      ]
      if (addresses.length > 0) callback(null, addresses)
      else callback(v4.status === 'rejected' ? (v4.reason as NodeJS.ErrnoException) : null, [])
    })
  }
}
