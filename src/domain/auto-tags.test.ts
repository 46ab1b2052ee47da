import { describe, expect, it } from 'vitest'
import { labelOf, nearestTags } from './auto-tags.ts'
import { toBytes } from './embeddings.ts'

describe('labelOf', () => {
  it.each([
    ['dog', { tag: 'dog', display: 'dog', text: 'dog' }],
    ['#Dog', { tag: 'dog', display: 'Dog', text: 'Dog' }],
    [
      'Zürich: an aerial view of Zürich',
      { tag: 'zurich', display: 'Zürich', text: 'an aerial view of Zürich' },
    ],
    ['sunset: sky: red', { tag: 'sunset', display: 'sunset', text: 'sky: red' }],
  ])('of %j is a tag and a text', (line, label) => {
    expect(labelOf(line)).toEqual(label)
  })

  it.each(['', '#', 'two words', 'dog:', ': a dog', '#a#b', 'a'.repeat(200)])('of %j is none', (line) => {
    expect(labelOf(line)).toBeUndefined()
  })
})

describe('nearestTags', () => {
  const bytes = (...vector: number[]) => Buffer.from(toBytes(Float32Array.from(vector)).buffer)
  const label = (display: string, ...vector: number[]) => ({ display, vector: bytes(...vector) })
  const labels = [
    label('far', -1, 0),
    label('between', 0.8, 0.6),
    label('near', 2, 0),
    label('other', 1, 0, 0),
  ]

  it('lists those that are near enough, the nearest first', () => {
    expect(nearestTags(bytes(1, 0), labels, { atLeast: 0.5, most: 9 })).toEqual([
      { tag: 'near', nearness: 1 },
      { tag: 'between', nearness: expect.closeTo(0.8, 2) },
    ])
  })

  it('lists no more than it is asked for, and none of another length', () => {
    expect(nearestTags(bytes(1, 0), labels, { atLeast: -1, most: 1 }).map(({ tag }) => tag)).toEqual(['near'])
    expect(nearestTags(bytes(1, 0), [labels[3]!], { atLeast: -0.9, most: 9 })).toEqual([])
  })
})
