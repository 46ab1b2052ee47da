import type { LookupAddress } from 'node:dns'
import { describe, expect, it } from 'vitest'
import { isReachable, lookupReachable } from './public-address.ts'

describe('isReachable', () => {
  it.each(['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946', '::ffff:93.184.216.34'])(
    'reaches %s',
    (address) => {
      expect(isReachable(address, [])).toBe(true)
    },
  )

  it.each([
    ...['127.0.0.1', '10.0.0.1', '172.16.9.9', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'],
    ...['::1', '::', 'fe80::1', 'fc00::1', 'fd00:ec2::254', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe'],
    ...['64:ff9b::7f00:1', '2002:7f00:1::', '224.0.0.1', '255.255.255.255', 'example.org', ''],
    ...['::7f00:1', '::10.0.0.1', 'fec0::1', '64:ff9b:1::7f00:1', '198.18.0.1', '4000::1', '2001:db8::1'],
  ])('refuses %s', (address) => {
    expect(isReachable(address, [])).toBe(false)
  })

  it('reaches a network that is named, of either kind, and no other', () => {
    const networks = ['10.1.2.0/24', 'fd00:1::/32']
    expect(isReachable('10.1.2.9', networks)).toBe(true)
    expect(isReachable('::ffff:10.1.2.9', networks)).toBe(true)
    expect(isReachable('fd00:1::9', networks)).toBe(true)
    expect(isReachable('10.1.3.9', networks)).toBe(false)
  })
})

describe('lookupReachable', () => {
  const resolvingTo = (...addresses: string[]) => {
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    const resolve = (_name: string, _options: object, done: (error: null, all: LookupAddress[]) => void) =>
      done(null, found)
    const lookup = lookupReachable([], resolve)
    return (all: boolean) =>
      new Promise((done, fail) => {
        lookup('classifier.example', { all }, (error, address) => (error ? fail(error) : done(address)))
      })
  }

  it('hands over the addresses that it has judged', async () => {
    expect(await resolvingTo('93.184.216.34')(false)).toBe('93.184.216.34')
    expect(await resolvingTo('93.184.216.34')(true)).toEqual([{ address: '93.184.216.34', family: 4 }])
  })

  it('refuses a name that leads to a private address besides', async () => {
    await expect(resolvingTo('93.184.216.34', '10.0.0.1')(true)).rejects.toThrow('not reachable')
  })

  it('refuses a name without addresses', async () => {
    await expect(resolvingTo()(false)).rejects.toThrow('not reachable')
  })
})
