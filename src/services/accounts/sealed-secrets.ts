import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Secrets at rest that must be read again, as hashes cannot be. */
export interface SealedSecrets {
  /** `<key>.<nonce, ciphertext and tag>`. It opens for the same owner alone. */
  seal(secret: Uint8Array, owner: string): string
  /** @throws Error if its key is not among those of today, or somebody changed it */
  open(sealed: string, owner: string): Buffer
  /** Whether it was sealed with another key than the first. */
  isOutdated(sealed: string): boolean
}

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * AES-256-GCM, with keys that HKDF (RFC 5869) derives from those of the settings.
 * @param keys the first seals, all open, which allows key rotation
 */
export function createSealedSecrets(
  keys: readonly { kid: string; secret: Uint8Array }[],
  purpose: string,
): SealedSecrets {
  const derived = new Map(
    keys.map(({ kid, secret }) => [kid, Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES))]),
  )
  const first = keys[0]!.kid
  const keyOf = (sealed: string) => sealed.slice(0, sealed.lastIndexOf('.'))

  return {
    seal(secret, owner) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, derived.get(first)!, nonce).setAAD(Buffer.from(owner))
      const sealed = Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
      return `${first}.${sealed.toString('base64url')}`
    },
    open(sealed, owner) {
      const kid = keyOf(sealed)
      const key = derived.get(kid)
      if (!key)
        throw new Error(`No key is named ${kid}: TOTP_KEYS needs every key that secrets were sealed with`)
      const bytes = Buffer.from(sealed.slice(kid.length + 1), 'base64url')
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(-TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
    },
    isOutdated: (sealed) => keyOf(sealed) !== first,
  }
}
