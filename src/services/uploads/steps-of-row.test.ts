import { describe, expect, it } from 'vitest'
import { UPLOAD_STEPS, type StepState, type UploadStep } from '../../contracts/photo-upload.ts'
import { VARIANT_SPECS } from '../../domain/variants.ts'
import type { PhotoCard } from '../photos/photo-cards.ts'
import { settleSteps, stepsOfRow, type KnownOfUpload } from './steps-of-row.ts'

const statesOf = (steps: readonly UploadStep[]) => steps.map(({ state }) => state).join(' ')
const stored = { objectKey: '', width: 1, height: 1, bytes: 1 }
const all = VARIANT_SPECS.map(({ variant, format }) => ({ variant, format, ...stored }))
const variant = all[0]!
const published = { status: 'ready', publishedAt: new Date(), width: 4000, height: 3000 } as const
const failed = (code: string, width: number | null = null) =>
  ({ status: 'failed', failure: { code, detail: null }, width }) as const

function row(card: Partial<PhotoCard>, known: Partial<KnownOfUpload> = {}): UploadStep[] {
  const photo = {
    variants: [],
    publishedAt: null,
    failure: null,
    width: null,
    height: null,
    ...card,
  } as unknown as PhotoCard
  return stepsOfRow(photo, { end: 'open', isDistributionOwed: true, ...known })
}

const isOfEveryPhoto = ({ variant }: { variant: string }) => /^(thumb_200|medium_800)$/.test(variant)
const variantsStep = (card: Partial<PhotoCard>) =>
  row(card, { end: 'completed' }).find(({ name }) => name === 'variants')

describe('stepsOfRow: what Postgres alone knows', () => {
  it.each([
    [{ status: 'awaiting_upload' }, {}, 'running pending pending pending pending pending pending'],
    [
      { status: 'awaiting_upload' },
      { end: 'stopped' },
      'failed skipped skipped skipped skipped skipped skipped',
    ],
    [{ status: 'processing' }, {}, 'done running pending pending pending pending pending'],
    [{ status: 'processing' }, { end: 'stopped' }, 'done failed skipped skipped skipped skipped skipped'],
    [
      { status: 'processing', width: 4 },
      { end: 'stopped' },
      'done done failed skipped skipped skipped skipped',
    ],
    [failed('not_an_image'), {}, 'done failed skipped skipped skipped skipped skipped'],
    [failed('upload_expired'), {}, 'failed skipped skipped skipped skipped skipped skipped'],
    [failed('upload_cancelled'), {}, 'failed skipped skipped skipped skipped skipped skipped'],
    [failed('upload_cancelled', 4), {}, 'done done failed skipped skipped skipped skipped'],
    [{ ...published, variants: [variant] }, {}, 'done done done running running running running'],
    [{ ...published, variants: all }, {}, 'done done done done running running running'],
    [
      { ...published, variants: all },
      { isDistributionOwed: false },
      'done done done done running done running',
    ],
    [
      { ...published, variants: all },
      { end: 'forgotten', isDistributionOwed: false },
      'done done done done done done done',
    ],
    [
      { ...published, variants: [variant] },
      { end: 'forgotten', isDistributionOwed: false },
      'done done done failed done done done',
    ],
    // Housekeeping starts what is owed.
    [
      { ...published, variants: [variant] },
      { end: 'stopped' },
      'done done done failed failed running failed',
    ],
    [{ ...published, variants: all }, { end: 'completed' }, 'done done done done done running done'],
  ] as [Partial<PhotoCard>, Partial<KnownOfUpload>, string][])('%j, %j', (card, known, expected) => {
    expect(statesOf(row(card, known))).toBe(expected)
  })

  it('expects of a small photo the variants that it has', () => {
    const small = { ...published, width: 150, height: 100, variants: all.filter(isOfEveryPhoto) }
    expect(variantsStep(small)).toMatchObject({ state: 'done', detail: '6 of 6' })
  })

  it('expects the copy for downloads only where they are allowed', () => {
    const copy = { variant: 'download', format: 'jpeg', ...stored }
    const allowing = { ...published, allowDownload: true }
    expect(variantsStep({ ...allowing, variants: all })).toMatchObject({
      state: 'failed',
      detail: '12 of 13',
    })
    expect(variantsStep({ ...allowing, variants: [...all, copy] })).toMatchObject({ detail: '13 of 13' })
    expect(variantsStep({ ...published, variants: all })).toMatchObject({ detail: '12 of 12' })
  })
})

describe('settleSteps: the account of a workflow that was stopped', () => {
  const told = (states: string) =>
    states.split(' ').map((state, at) => ({
      name: UPLOAD_STEPS[at]!,
      state: state as StepState,
      attempts: 3,
    }))

  it('keeps what is settled, and takes the rest from the row', () => {
    const stored = row({ ...published, variants: [variant] }, { end: 'stopped', isDistributionOwed: false })
    const steps = settleSteps(told('done done done running done running done'), stored)
    expect(statesOf(steps)).toBe('done done done failed done done done')
    expect(steps.find(({ name }) => name === 'variants')).toMatchObject({
      attempts: 3,
      detail: `1 of ${VARIANT_SPECS.length}`,
    })
  })
})
