import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BlockList } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether the request carries this bearer token, compared in constant time whatever its length. */
export function carriesToken(request: IncomingMessage, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(request.headers.authorization ?? ''), digest(`Bearer ${token}`))
}

/** Whether the request comes from this machine itself and no proxy passed it on. */
export function isFromLoopback(request: IncomingMessage): boolean {
  const { remoteAddress, remoteFamily } = request.socket
  if (remoteAddress === undefined) return false
  if (request.headers['x-forwarded-for'] || request.headers.forwarded) return false
  // ::ffff:127.0.0.1 counts as 127.0.0.1.
  return loopback.check(remoteAddress, remoteFamily === 'IPv6' ? 'ipv6' : 'ipv4')
}
