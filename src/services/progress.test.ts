import { describe, expect, it } from 'vitest'
import type { PhotoCard } from './photo-cards.ts'
import { stepsOfRow } from './progress.ts'

const states = (card: Partial<PhotoCard>) =>
  stepsOfRow({ variants: [], publishedAt: null, failure: null, ...card } as PhotoCard)
    .map(({ state }) => state)
    .join(' ')
const variant = { variant: 'thumb_200', format: 'webp', objectKey: '', width: 1, height: 1, bytes: 1 }

describe('stepsOfRow: what Postgres alone knows', () => {
  it.each([
    [{ status: 'awaiting_upload' }, 'running pending pending pending pending pending'],
    [{ status: 'processing' }, 'done running pending pending pending pending'],
    [
      { status: 'failed', failure: { code: 'not_an_image', detail: null } },
      'done failed skipped skipped skipped skipped',
    ],
    [
      { status: 'failed', failure: { code: 'upload_expired', detail: null } },
      'failed skipped skipped skipped skipped skipped',
    ],
    [
      { status: 'ready', publishedAt: new Date(), variants: [variant] },
      'done done done running running running',
    ],
    [
      { status: 'ready', publishedAt: new Date(), variants: [variant, variant, variant, variant] },
      'done done done done running running',
    ],
  ] as [Partial<PhotoCard>, string][])('%j', (card, expected) => {
    expect(states(card)).toBe(expected)
  })
})
