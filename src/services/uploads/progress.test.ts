import { describe, expect, it } from 'vitest'
import { UPLOAD_STEPS } from '../../contracts/photo-upload.ts'
import type { PhotoCard } from '../photos/photo-cards.ts'
import { isSettled, stepsOfRow, type PhotoProgress } from './progress.ts'

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

describe('isSettled: whether a long poll has nothing to wait for', () => {
  const done = 'done done done done done done'
  it.each([
    ['awaiting_upload', 'running pending pending pending pending pending', undefined, false],
    ['processing', 'done running pending pending pending pending', undefined, false],
    // The row is about to follow.
    ['processing', 'done failed skipped skipped skipped skipped', undefined, false],
    ['failed', 'done failed pending pending pending pending', undefined, false],
    ['failed', 'done failed skipped skipped skipped skipped', undefined, true],
    ['failed', 'failed skipped skipped skipped skipped skipped', undefined, true],
    ['deleted', 'skipped skipped skipped skipped skipped skipped', undefined, true],
    ['ready', 'done done done running done done', 'done', false],
    ['ready', done, undefined, false],
    ['ready', done, 'planning', false],
    ['ready', done, 'pushing', false],
    ['ready', done, 'paused', false],
    ['ready', done, 'done', true],
    ['ready', done, 'cancelled', true],
    ['ready', 'done done done failed done done', 'done', true],
    ['ready', 'done done done done done failed', undefined, true],
  ] as [
    PhotoProgress['status'],
    string,
    NonNullable<PhotoProgress['fanout']>['state'] | undefined,
    boolean,
  ][])('%s, %s, push %s: %s', (status, states, push, expected) => {
    const steps = states
      .split(' ')
      .map((state, index) => ({ name: UPLOAD_STEPS[index]!, state, attempts: 1 }))
    const progress = {
      status,
      steps,
      ...(push ? { fanout: { state: push, followers: 1, delivered: 1 } } : {}),
    }
    expect(isSettled(progress as PhotoProgress)).toBe(expected)
  })
})
