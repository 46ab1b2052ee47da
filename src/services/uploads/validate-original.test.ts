import { expect, it } from 'vitest'
import { offsetMinutes } from './validate-original.ts'
import { epochOfKey } from '../photos/object-keys.ts'

it.each([
  ['+02:00', 120],
  ['-03:30', -210],
  ['+00:00', 0],
  ['-00:00', 0],
  [undefined, null],
])('reads the offset %s as %s minutes east of UTC', (offset, minutes) => {
  expect(offsetMinutes(offset)).toBe(minutes)
})

it('reads the access epoch from variant keys only', () => {
  const photoId = '0199a000-0000-7000-8000-000000000001'
  expect(epochOfKey(`variants/${photoId}/12/thumb_200.webp`)).toBe(12)
  expect(epochOfKey(`originals/${photoId}`)).toBeUndefined()
})
