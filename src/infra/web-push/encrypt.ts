import { createCipheriv, createECDH, ECDH, hkdfSync, randomBytes } from 'node:crypto'

/** What a browser gives with a subscription. */
export interface SubscriptionKeys {
  /** Its public key: an uncompressed point of P-256. */
  p256dh: Buffer
  /** A secret that it shares with whoever pushes. */
  auth: Buffer
}

const P256DH_BYTES = 65
const AUTH_BYTES = 16

const CURVE = 'prime256v1'
const SALT_BYTES = 16
const TAG_BYTES = 16
/** Of the only record. */
const RECORD_BYTES = 4_096
/** Ends the last record (RFC 8188). */
const LAST_RECORD = Buffer.from([2])

/** Whether something can be encrypted for it: a point of the curve, and a secret of the right length. */
export function isUsable({ p256dh, auth }: SubscriptionKeys): boolean {
  if (p256dh.length !== P256DH_BYTES || auth.length !== AUTH_BYTES) return false
  try {
    ECDH.convertKey(p256dh, CURVE)
    return true
  } catch {
    return false
  }
}

/** Drawn anew for each message. */
interface Ephemeral {
  privateKey: Buffer
  salt: Buffer
}

/**
 * Encrypts a message for a browser (RFC 8291, with the coding `aes128gcm` of RFC 8188), so that the push service between cannot
 * read it.
 * @param ephemeral for tests alone
 * @throws RangeError if it does not fit into one record
 */
export function encryptForBrowser(
  message: Buffer,
  { p256dh, auth }: SubscriptionKeys,
  ephemeral?: Ephemeral,
): Buffer {
  if (message.length > RECORD_BYTES - TAG_BYTES - LAST_RECORD.length) throw new RangeError('too long a push')
  const ours = createECDH(CURVE)
  if (ephemeral) ours.setPrivateKey(ephemeral.privateKey)
  else ours.generateKeys()
  const salt = ephemeral?.salt ?? randomBytes(SALT_BYTES)
  const ourPublicKey = ours.getPublicKey()

  const about = Buffer.concat([Buffer.from('WebPush: info\0'), p256dh, ourPublicKey])
  const secret = derive(ours.computeSecret(p256dh), auth, about, 32)
  const key = derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12)

  const cipher = createCipheriv('aes-128-gcm', key, nonce)
  const record = [cipher.update(message), cipher.update(LAST_RECORD), cipher.final(), cipher.getAuthTag()]
  const header = Buffer.alloc(5)
  header.writeUInt32BE(RECORD_BYTES)
  header.writeUInt8(ourPublicKey.length, 4)
  return Buffer.concat([salt, header, ourPublicKey, ...record])
}

const derive = (secret: Buffer, salt: Buffer, info: Buffer, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, bytes))
