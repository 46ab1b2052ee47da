import ipaddr from 'ipaddr.js'
import { step, type Step } from '../context.ts'

/** Where a request comes from, as rate limits count it. */
export interface ClientAddress {
  /** An IPv4 address, or the /64 of an IPv6 address, since a single customer has at least that much. */
  address: string
  /** The /24 or /48 around it: what a hosting customer or a larger site has. */
  prefix: string
}

const UNKNOWN: ClientAddress = { address: 'unknown', prefix: 'unknown' }

/** Sets `ctx.state.address` and `ctx.state.prefix`, which rate limits count by. */
export function clientAddress(trustedHops: number): Step {
  return step({}, async (ctx, next) => {
    const from = addressOf(ctx.req.socket.remoteAddress, ctx.get('X-Forwarded-For'), trustedHops)
    ctx.state.address = from.address
    ctx.state.prefix = from.prefix
    await next()
  })
}

/**
 * The client's address: the socket's, or with `trustedHops` proxies in front the entry of X-Forwarded-For that the
 * outermost of them wrote. Entries further left come from the client and are ignored; a header with fewer entries than proxies did not pass
 * all of them, and none of it is believed. IPv4 in IPv6 is IPv4.
 */
export function addressOf(
  socketAddress: string | undefined,
  forwardedFor: string,
  trustedHops: number,
): ClientAddress {
  const forwarded = forwardedFor.split(',').map((part) => part.trim())
  const claimed = trustedHops > 0 ? forwarded[forwarded.length - trustedHops] : undefined
  const address = [claimed, socketAddress].map(withoutZone).find((one) => ipaddr.isValid(one))
  if (address === undefined) return UNKNOWN
  const parsed = ipaddr.process(address)
  const text = parsed.toString()
  return parsed.kind() === 'ipv4'
    ? { address: text, prefix: networkOf(ipaddr.IPv4, text, 24) }
    : { address: networkOf(ipaddr.IPv6, text, 64), prefix: networkOf(ipaddr.IPv6, text, 48) }
}

function networkOf(family: typeof ipaddr.IPv4 | typeof ipaddr.IPv6, address: string, bits: number): string {
  return `${family.networkAddressFromCIDR(`${address}/${bits}`).toString()}/${bits}`
}

/** A link-local address names its interface after a %, which tells nothing of the client. */
function withoutZone(address: string | undefined): string {
  return address?.split('%', 1)[0] ?? ''
}
