import { randomBytes } from 'node:crypto'

/** A network of documentation (RFC 3849), new each time: the counters of limits are Redis's, and so all test files' at once. */
export function someNetwork(): string {
  return `2001:db8:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}::1`
}
