import { createECDH, randomBytes } from 'node:crypto'
import ece from 'http_ece'
import { describe, expect, it } from 'vitest'
import { encryptForBrowser, isUsable } from './encrypt.ts'

const bytes = (text: string) => Buffer.from(text, 'base64url')

function browser() {
  const key = createECDH('prime256v1')
  const p256dh = key.generateKeys()
  const auth = randomBytes(16)
  const decrypt = (body: Buffer) =>
    ece.decrypt(body, { version: 'aes128gcm', privateKey: key, authSecret: auth })
  return { keys: { p256dh, auth }, decrypt }
}

describe('encryptForBrowser', () => {
  it('makes what the example of RFC 8291 makes', () => {
    const body = encryptForBrowser(
      Buffer.from('When I grow up, I want to be a watermelon'),
      {
        p256dh: bytes(
          'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        ),
        auth: bytes('BTBZMqHH6r4Tts7J_aSIgg'),
      },
      {
        privateKey: bytes('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'),
        salt: bytes('DGv6ra1nlYgDCS1FRnbzlw'),
      },
    )
    expect(body.toString('base64url')).toBe(
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_' +
        'yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    )
  })

  it('is read by the browser that it is for, and by no other', () => {
    const [one, other] = [browser(), browser()]
    for (const text of ['', 'Fog', 'x'.repeat(4_079)]) {
      const body = encryptForBrowser(Buffer.from(text), one.keys)
      expect(one.decrypt(body).toString()).toBe(text)
      expect(() => other.decrypt(body)).toThrow()
    }
  })

  it('draws another key for each message', () => {
    const { keys } = browser()
    const [one, other] = [
      encryptForBrowser(Buffer.from('Fog'), keys),
      encryptForBrowser(Buffer.from('Fog'), keys),
    ]
    expect(one.subarray(0, 86).equals(other.subarray(0, 86))).toBe(false)
  })

  it('refuses what does not fit', () => {
    expect(() => encryptForBrowser(Buffer.alloc(4_080), browser().keys)).toThrow(RangeError)
  })
})

describe('isUsable', () => {
  it('takes keys of browsers', () => {
    expect(isUsable(browser().keys)).toBe(true)
  })

  it.each([
    ['a point beside the curve', Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]), randomBytes(16)],
    ['the point at infinity', Buffer.from([0]), randomBytes(16)],
    ['a compressed point', Buffer.concat([Buffer.from([2]), randomBytes(32)]), randomBytes(16)],
    ['a short secret', browser().keys.p256dh, randomBytes(15)],
    ['nothing', Buffer.alloc(0), Buffer.alloc(0)],
  ])('refuses %s', (_what, p256dh, auth) => {
    expect(isUsable({ p256dh, auth })).toBe(false)
  })
})
