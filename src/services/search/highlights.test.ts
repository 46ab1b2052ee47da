import { describe, expect, it } from 'vitest'
import { highlightsOf } from './highlights.ts'
import { parseSearchText } from './search-text.ts'

/** The marked parts of a text, read back by code points. */
function marked(q: string, caption: string): string[] {
  const points = [...caption]
  return highlightsOf(parseSearchText(q), { caption, altText: null }).flatMap(({ ranges }) =>
    ranges.map(([from, to]) => points.slice(from, to).join('')),
  )
}

describe('highlights', () => {
  it.each([
    ['zurich', 'Am ZÜRICH-See: Zu\u0308rich, zürichs', ['ZÜRICH', 'Zu\u0308rich', 'zürichs']],
    ['lake dawn', 'Dawn by the lake', ['Dawn', 'lake']],
    ['running', 'run, she runs; running', ['run', 'runs', 'running']],
    ['make', 'making and makes', ['making', 'makes']],
    ['"to the sea"', 'to see the way to the sea', ['to the sea']],
    ['"to the', 'to the sea, the end', ['to', 'the', 'the']],
    ['#zurich', 'in zurich, #Zürich', ['#Zürich']],
    ['zurich', '#Zürich', ['Zürich']],
    ['写真', '🌅東京の写真です', ['写真']],
    ['strasse', 'Große Straße', ['Straße']],
    ['Αθηνα', 'στην Αθήνα', ['Αθήνα']],
    ['🌅', 'sunrise 🌅!', ['🌅']],
    ['art', 'artful party', []],
    ['.* [a-z]+ (', 'everything (here)', []],
    ['', 'nothing asked', []],
  ])('of %j in %j are %j', (q, caption, parts) => {
    expect(marked(q, caption)).toEqual(parts)
  })

  it('count in code points, by field, merged', () => {
    const texts = { caption: '🌅🌅 sea #sea', altText: 'the sea' }
    expect(highlightsOf(parseSearchText('sea #sea'), texts)).toEqual([
      {
        field: 'caption',
        ranges: [
          [3, 6],
          [7, 11],
        ],
      },
      { field: 'altText', ranges: [[4, 7]] },
    ])
  })

  it('are at most 50 a text, however long it is', () => {
    const texts = { caption: 'a '.repeat(1_100), altText: null }
    expect(highlightsOf(parseSearchText('a'), texts)[0]?.ranges).toHaveLength(50)
  })
})
