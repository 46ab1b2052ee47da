import { expect, it } from 'vitest'
import { photoIdFromBytes, photoIdToBytes } from './photo-id-bytes.ts'

it('a photo id survives the conversion to bytes and back', () => {
  const id = '0199aa00-1234-7abc-8def-0123456789ab'
  expect(photoIdToBytes(id)).toHaveLength(16)
  expect(photoIdFromBytes(photoIdToBytes(id))).toBe(id)
})
