import { describe, expect, it } from 'vitest'
import { addressOf } from './client-address.ts'

describe('addressOf', () => {
  it.each([
    ['believes no header without a trusted proxy', '10.0.0.1', '1.2.3.4', 0, '10.0.0.1'],
    ['takes what the one proxy wrote', '10.0.0.1', '6.6.6.6, 1.2.3.4', 1, '1.2.3.4'],
    ['takes what the outer of two proxies wrote', '10.0.0.1', '6.6.6.6, 1.2.3.4, 10.0.0.2', 2, '1.2.3.4'],
    ['believes no header that passed too few proxies', '10.0.0.1', '1.2.3.4', 3, '10.0.0.1'],
    ['falls back to the socket for nonsense', '10.0.0.1', 'evil', 1, '10.0.0.1'],
    ['falls back to the socket without a header', '10.0.0.1', '', 1, '10.0.0.1'],
    ['takes IPv4 in IPv6 for IPv4', '::ffff:1.2.3.4', '', 0, '1.2.3.4'],
    ['counts IPv6 by its /64', '2001:db8:1:2:3:4:5:6', '', 0, '2001:db8:1:2::/64'],
    ['drops the zone of a link-local address', 'fe80::1%eth0', '', 0, 'fe80::/64'],
    ['survives the lack of any', undefined, '', 0, 'unknown'],
  ])('%s', (_what, socket, header, hops, expected) => {
    expect(addressOf(socket, header, hops).address).toBe(expected)
  })

  it.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['::ffff:203.0.113.77', '203.0.113.0/24'],
  ])('knows what is around %s', (socket, expected) => {
    expect(addressOf(socket, '', 0).prefix).toBe(expected)
  })
})
