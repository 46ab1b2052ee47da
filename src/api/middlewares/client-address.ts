import ipaddr from 'ipaddr.js'
import { step, type Step } from '../context.ts'

/** Sets `ctx.state.address`, which rate limits count by. */
export function clientAddress(trustedHops: number): Step {
  return step({}, async (ctx, next) => {
    ctx.state.address = addressOf(ctx.req.socket.remoteAddress, ctx.get('X-Forwarded-For'), trustedHops)
    await next()
  })
}

/**
 * The client's address: the socket's, or with `trustedHops` proxies in front the entry of X-Forwarded-For that the
 * outermost of them wrote. Entries further left come from the client and are ignored. IPv4 in IPv6 is IPv4; IPv6 counts by
 * its /64, since a single customer has at least that much.
 */
export function addressOf(
  socketAddress: string | undefined,
  forwardedFor: string,
  trustedHops: number,
): string {
  const forwarded = forwardedFor.split(',').map((part) => part.trim())
  const claimed = trustedHops > 0 ? forwarded[Math.max(0, forwarded.length - trustedHops)] : undefined
  const address = [claimed, socketAddress].map(withoutZone).find((one) => ipaddr.isValid(one))
  if (address === undefined) return 'unknown'
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  const [network] = ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/64`).toString().split('/')
  return `${network}/64`
}

/** A link-local address names its interface after a %, which tells nothing of the client. */
function withoutZone(address: string | undefined): string {
  return address?.split('%', 1)[0] ?? ''
}
