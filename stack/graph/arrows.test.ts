import { expect, it } from 'vitest'
import { arrowsBetween, drawGraph } from './arrows.ts'

const folder = /^src\/services\/([^/]+)\//
const imports = (...pairs: [string, string][]) =>
  pairs.map(([from, to]) => ({ from: `src/services/${from}`, to: `src/services/${to}`, typeOnly: false }))

it('draws an import between two modules once, importers first', () => {
  const arrows = arrowsBetween(
    imports(
      ['photos/cards.ts', 'lists/cursor.ts'],
      ['photos/read.ts', 'lists/pages.ts'],
      ['feed/feed.ts', 'photos/cards.ts'],
      ['feed/feed.ts', 'lists/pages.ts'],
    ),
    folder,
  )
  expect(arrows).toEqual([
    ['feed', 'photos'],
    ['feed', 'lists'],
    ['photos', 'lists'],
  ])
  expect(drawGraph(arrows)).toContain('  feed --> photos\n')
})

it('leaves out imports within a module and paths outside', () => {
  expect(
    arrowsBetween(imports(['feed/feed.ts', 'feed/pull.ts'], ['services.ts', 'feed/feed.ts']), folder),
  ).toEqual([])
})

it('refuses modules that import each other in a circle', () => {
  const circle = imports(
    ['a/1.ts', 'b/1.ts'],
    ['b/2.ts', 'c/1.ts'],
    ['c/2.ts', 'a/2.ts'],
    ['d/1.ts', 'a/1.ts'],
  )
  expect(() => arrowsBetween(circle, folder)).toThrow('a circle of imports among: a, b, c')
})
