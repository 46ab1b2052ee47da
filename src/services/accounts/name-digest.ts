import { createHmac, hkdfSync } from 'node:crypto'

/** A name as whoever lacks the key cannot tell which one it was. */
export type NameDigest = (name: string) => Buffer

const KEY_BYTES = 32

/** @param purpose digests of different ones have nothing to do with each other */
export function createNameDigest(secret: Uint8Array, purpose: string): NameDigest {
  const key = Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES))
  return (name) => createHmac('sha256', key).update(name).digest()
}
