import { describe, expect, it } from 'vitest'
import { epochOfKey, keyAtEpoch, variantKey } from './object-keys.ts'
import { originalKey } from '../blobs/blob-keys.ts'

const photoId = '0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee'
const key = `variants/${photoId}/3/thumb_200.webp`

describe('variantKey', () => {
  it('contains photo, epoch, variant and format', () => {
    expect(variantKey(photoId, 3, 'thumb_200', 'webp')).toBe(key)
  })

  it.each<[string, string, number, string, string]>([
    ['an id in upper case', photoId.toUpperCase(), 3, 'thumb_200', 'webp'],
    ['an id with a path in it', '../originals/x', 3, 'thumb_200', 'webp'],
    ['a negative epoch', photoId, -1, 'thumb_200', 'webp'],
    ['an epoch with a fraction', photoId, 1.5, 'thumb_200', 'webp'],
    ['an epoch that numbers cannot hold', photoId, 1e15, 'thumb_200', 'webp'],
    ['a variant with a slash', photoId, 3, 'a/b', 'webp'],
    ['an empty variant', photoId, 3, '', 'webp'],
    ['a format that browsers execute', photoId, 3, 'thumb_200', 'svg'],
  ])('refuses %s', (_, id, epoch, variant, format) => {
    expect(() => variantKey(id, epoch, variant, format)).toThrow(RangeError)
  })
})

describe('a variant under another access epoch', () => {
  it('keeps the rest of its key, whatever its format is called', () => {
    for (const name of ['thumb_200.webp', 'medium_800.jpg', 'poster_400.avif']) {
      const stored = `variants/${photoId}/3/${name}`
      expect(keyAtEpoch(stored, 12)).toBe(`variants/${photoId}/12/${name}`)
      expect(epochOfKey(keyAtEpoch(stored, 12))).toBe(12)
    }
  })

  it('requires a variant key and a valid epoch', () => {
    expect(epochOfKey(originalKey(photoId))).toBeUndefined()
    expect(() => keyAtEpoch(originalKey(photoId), 4)).toThrow(RangeError)
    expect(() => keyAtEpoch(key, -1)).toThrow(RangeError)
  })
})
