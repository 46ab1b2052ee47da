import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HitPosition } from '../../infra/opensearch/photo-index.ts'
import type { PhotoCard } from '../photos/photo-cards.ts'
import { fillPage, type PageSource } from './search-page.ts'

type Sight = 'visible' | 'hidden' | 'notReady'

const idOf = (at: number) => String(at).padStart(4, '0')
const ready = (photoId: string, status = 'ready') => ({ photoId, status }) as PhotoCard

/** Hits in the order of the array; the viewer sees what it says of each. */
function sourceOf(sights: readonly Sight[]): PageSource {
  return {
    async hits(after, size) {
      const start = after ? Number(after.photoId) + 1 : 0
      const positions: HitPosition[] = sights
        .slice(start, start + size)
        .map((_, i) => ({ relevance: 0, publishedAt: 0, photoId: idOf(start + i) }))
      return { positions, exhausted: start + size >= sights.length }
    },
    async cards(photoIds) {
      const seen = photoIds.filter((photoId) => sights[Number(photoId)] !== 'hidden')
      return new Map(
        seen.map((photoId) => [
          photoId,
          ready(photoId, sights[Number(photoId)] === 'visible' ? 'ready' : 'quarantined'),
        ]),
      )
    },
  }
}

describe('fillPage', () => {
  it('walks every visible hit once, in order, for any page size', async () => {
    const sights = fc.array(fc.constantFrom<Sight>('visible', 'hidden', 'notReady'), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(sights, fc.integer({ min: 1, max: 20 }), async (given, limit) => {
        const source = sourceOf(given)
        const walked: string[] = []
        let after: HitPosition | null = null
        do {
          const page = await fillPage(source, limit, after)
          expect(page.cards.length).toBeLessThanOrEqual(limit)
          walked.push(...page.cards.map((card) => card.photoId))
          after = page.next
        } while (after)
        expect(walked).toEqual(given.flatMap((sight, at) => (sight === 'visible' ? [idOf(at)] : [])))
      }),
    )
  })

  it('has no next page when only hidden hits follow', async () => {
    const page = await fillPage(sourceOf(['visible', 'hidden', 'hidden', 'hidden', 'hidden']), 1, null)
    expect(page.cards).toHaveLength(1)
    expect(page.next).toBeNull()
  })

  it('continues after the last shown photo, so cursors name no hidden one', async () => {
    const page = await fillPage(sourceOf(['visible', 'hidden', 'hidden', 'visible']), 1, null)
    expect(page.next?.photoId).toBe(idOf(0))
  })

  it('returns a short page after ten times its size in hidden hits', async () => {
    const page = await fillPage(sourceOf(Array<Sight>(500).fill('hidden')), 3, null)
    expect(page.cards).toEqual([])
    expect(page.next?.photoId).toBe(idOf(83))
  })
})
