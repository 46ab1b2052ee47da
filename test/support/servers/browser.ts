import { createECDH, createPublicKey, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import ece from 'http_ece'
import { jwtVerify, type JWTPayload } from 'jose'

/** What a browser got of a push. */
export interface ReceivedPush {
  message: Record<string, unknown>
  /** What the push service is told of it. */
  headers: IncomingMessage['headers']
  token: JWTPayload
}

/** The push part of a browser: subscribes at an endpoint, and reads what a push service hands it. */
export function createBrowser(endpoint: string) {
  const key = createECDH('prime256v1')
  const p256dh = key.generateKeys()
  const auth = randomBytes(16)
  return {
    /** `PushSubscription.toJSON()` */
    subscription: {
      endpoint,
      expirationTime: null,
      keys: { p256dh: p256dh.toString('base64url'), auth: auth.toString('base64url') },
    },
    /** Decrypts a push, and checks that it comes from whoever has the key that it names. @throws if it does not */
    async read({
      headers,
      body,
    }: {
      headers: IncomingMessage['headers']
      body: Buffer
    }): Promise<ReceivedPush> {
      const [, token, publicKey] = /^vapid t=(\S+), k=(\S+)$/.exec(headers.authorization ?? '')!
      const point = Buffer.from(publicKey!, 'base64url')
      const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'))
      const verifying = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x!, y: y! }, format: 'jwk' })
      const { payload } = await jwtVerify(token!, verifying, {
        algorithms: ['ES256'],
        audience: new URL(endpoint).origin,
      })
      const text = ece
        .decrypt(body, { version: 'aes128gcm', privateKey: key, authSecret: auth })
        .toString('utf8')
      return { message: JSON.parse(text) as Record<string, unknown>, headers, token: payload }
    },
  }
}

export type Browser = ReturnType<typeof createBrowser>
