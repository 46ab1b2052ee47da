import { createPublicKey, randomBytes } from 'node:crypto'
import { jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { createVapid } from './vapid.ts'

const ENDPOINT = new URL('https://push.example:8443/send/abc?token=1')

const verifyingKey = (publicKey: string) => {
  const point = Buffer.from(publicKey, 'base64url')
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'))
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x!, y: y! }, format: 'jwk' })
}

describe('createVapid', () => {
  it('signs for the origin of the endpoint, for half a day', async () => {
    const { publicKey, authorize } = createVapid(randomBytes(32).toString('hex'), 'mailto:ops@example.com')
    const [, token, key] = /^vapid t=(\S+), k=(\S+)$/.exec(await authorize(ENDPOINT))!
    expect(key).toBe(publicKey)
    const { payload } = await jwtVerify(token!, verifyingKey(publicKey), { algorithms: ['ES256'] })
    expect(payload).toMatchObject({ aud: 'https://push.example:8443', sub: 'mailto:ops@example.com' })
    expect(payload.exp! - Date.now() / 1_000).toBeGreaterThan(11 * 3_600)
    expect(payload.exp! - Date.now() / 1_000).toBeLessThanOrEqual(12 * 3_600)
  })

  it('has one public key for each key, whatever its letters', () => {
    const key = randomBytes(32).toString('hex')
    const publicKeyOf = (of: string) => createVapid(of, 'mailto:ops@example.com').publicKey
    expect(publicKeyOf(key.toUpperCase())).toBe(publicKeyOf(key))
    expect(publicKeyOf(key)).toMatch(/^B[\w-]{86}$/)
  })

  it.each(['', 'secret', '00'.repeat(32), 'ff'.repeat(32), 'ab'.repeat(31), `${'ab'.repeat(32)} `])(
    'refuses %j',
    (key) => {
      expect(() => createVapid(key, 'mailto:ops@example.com')).toThrow('WEB_PUSH_KEY')
    },
  )
})
