import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  imageMac,
  imageUrl,
  MAX_SIGNED_URL_SECONDS,
  URL_WINDOW_SECONDS,
  windowExpirySeconds,
} from './image-url.ts'

const photoId = '0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee'
const key = `variants/${photoId}/3/thumb_200.webp`
const signingKey = 'a-signing-key-of-some-length'
const common = {
  baseUrl: 'https://img.example/',
  key,
  accessEpoch: 4,
  owner: { userId: '7', accessEpoch: 2 },
  signingKey,
}

describe('imageUrl', () => {
  it('gives a public photo one permanent URL', () => {
    const first = imageUrl({ ...common, isPublic: true, now: new Date(0) })
    const later = imageUrl({ ...common, isPublic: true, now: new Date(9e12) })
    expect(first).toEqual(later)
    expect(first.expiresAt).toBeNull()
    // openssl: printf '/variants/…/3/thumb_200.webp\na=4&o=7.2\npublic' | openssl dgst -sha256 -hmac <key> -binary | basenc --base64url
    expect(first.url).toBe(
      `https://img.example/${key}?a=4&o=7.2&s=RDNy7_Koq0RC8IdRSmEtkAS0Q-JM97QLDLA9pBqHxJw`,
    )
  })

  it('signs an expiry for every other photo', () => {
    const { url, expiresAt } = imageUrl({
      ...common,
      isPublic: false,
      now: new Date('2026-01-01T00:04:59.999Z'),
    })
    expect(expiresAt).toEqual(new Date('2026-01-01T00:10:00Z'))
    expect(url).toBe(
      `https://img.example/${key}?a=4&o=7.2&e=1767226200&s=UK9aVvBczMhgfNFPqwuAtu9hjyDzjevvpwwiNfUf2wE`,
    )
  })

  it('gives the same URL within a window and another one in the next', () => {
    const at = (time: string) => imageUrl({ ...common, isPublic: false, now: new Date(time) }).url
    expect(at('2026-01-01T00:00:00Z')).toBe(at('2026-01-01T00:04:59.999Z'))
    expect(at('2026-01-01T00:05:00Z')).not.toBe(at('2026-01-01T00:04:59.999Z'))
  })
})

describe('a URL that is issued through a share link', () => {
  const link = { linkId: '0199cccc-dddd-7eee-8fff-aaaaaaaaaaaa', expiresAt: null }
  const now = new Date('2026-01-01T00:04:59.999Z')
  const urlOf = (input: Partial<Parameters<typeof imageUrl>[0]>) =>
    imageUrl({ ...common, isPublic: true, link, now, ...input })

  it('names the link, and has an expiry even for a public photo', () => {
    const { url, expiresAt } = urlOf({})
    expect(expiresAt).toEqual(new Date('2026-01-01T00:10:00Z'))
    expect(url).toContain(`?a=4&o=7.2&l=${link.linkId}&e=1767226200&s=`)
    expect(urlOf({ isPublic: false })).toEqual({ url, expiresAt })
  })

  it('does not outlive the link', () => {
    const end = new Date('2026-01-01T00:06:07.890Z')
    expect(urlOf({ link: { ...link, expiresAt: end } }).expiresAt).toEqual(new Date('2026-01-01T00:06:07Z'))
    const late = new Date('2026-01-02T00:00:00Z')
    expect(urlOf({ link: { ...link, expiresAt: late } }).expiresAt).toEqual(new Date('2026-01-01T00:10:00Z'))
  })

  it('is made for a link id alone', () => {
    expect(() => urlOf({ link: { ...link, linkId: `${link.linkId}&e=9` } })).toThrow(RangeError)
  })
})

describe('windows', () => {
  it('let every URL live longer than a window, up to the maximum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (nowMs) => {
        const livesSeconds = windowExpirySeconds(new Date(nowMs)) - nowMs / 1000
        expect(livesSeconds).toBeGreaterThan(URL_WINDOW_SECONDS)
        expect(livesSeconds).toBeLessThanOrEqual(MAX_SIGNED_URL_SECONDS)
      }),
    )
  })

  it('end when the URL changes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (nowMs) => {
        const expiry = windowExpirySeconds(new Date(nowMs))
        const end = new Date((expiry - URL_WINDOW_SECONDS) * 1000)
        expect(windowExpirySeconds(new Date(end.getTime() - 1))).toBe(expiry)
        expect(windowExpirySeconds(end)).toBe(expiry + URL_WINDOW_SECONDS)
      }),
    )
  })
})

describe('imageMac', () => {
  it('changes with every part it covers', () => {
    const macs = [
      imageMac(signingKey, `/${key}`, 'a=4&o=7.2', null),
      imageMac(signingKey, `/${key}`, 'a=4&o=7.2', 1767226200),
      imageMac(signingKey, `/${key}`, 'a=4&o=7.3', null),
      imageMac(signingKey, `/${key}x`, 'a=4&o=7.2', null),
      imageMac(`${signingKey}x`, `/${key}`, 'a=4&o=7.2', null),
    ]
    expect(new Set(macs).size).toBe(macs.length)
  })
})
