import { randomUUID } from 'node:crypto'
import { Context, ApplicationFailure, CancelledFailure } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import { PERMANENT_FAILURES } from '../../contracts/activity-options.ts'
import {
  ORIGINAL_ARRIVED,
  PHOTO_DELETED,
  PHOTO_UPLOAD,
  photoUploadWorkflowId,
  UPLOAD_PROGRESS,
  type PhotoUploadInput,
  type PhotoUploadResult,
  type UploadProgress,
  type UploadStepName,
} from '../../contracts/photo-upload.ts'
import { ownerAttribute, photoAttribute, stageAttribute } from '../../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, lastedMs, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const EXPIRY_MS = 15 * 60 * 1000
const DAY_MS = 24 * 60 * 60 * 1000

const time = timeSkippingOfFile()
let calls: string[]
let fakes: ReturnType<typeof happyPath>

beforeEach(() => {
  calls = []
  fakes = happyPath()
})

/** Activities that succeed at once and record that they ran; a test replaces those that it is about. */
function happyPath() {
  const does =
    <T>(name: string, outcome: T) =>
    async (): Promise<T> => {
      calls.push(name)
      return outcome
    }
  return {
    claimUpload: does<object>('claim', { outcome: 'claimed' }),
    validateOriginal: does<object>('validate', {
      outcome: 'valid',
      width: 4,
      height: 3,
      bytes: 9,
      attempts: 1,
    }),
    publishPhoto: does<object>('publish', { outcome: 'published', version: 3 }),
    renderVariants: does<object>('renderAll', {
      outcome: 'rendered',
      variants: variantsOf('thumb_200', 'medium_800'),
      failed: [],
      attempts: 1,
    }),
    renderDeferredVariants: does<object>('renderDeferred', { outcome: 'rendered', failed: [], attempts: 1 }),
    planVariants: does<object>('plan', {
      outcome: 'planned',
      variants: variantsOf('thumb_200', 'medium_800', 'large_1600'),
      missing: variantsOf('large_1600'),
    }),
    renderVariant: does<object>('renderOne', { outcome: 'rendered', failed: [], attempts: 1 }),
    indexPhoto: does('index', { state: 'indexed', version: 3, changed: true }),
    startFanout: does('fanout', undefined),
    abandonUpload: does('abandon', undefined),
    failUpload: does<unknown>('fail', { status: 'failed' }),
    discardUpload: does('discard', undefined),
  }
}

const variantsOf = (...sizes: string[]) =>
  sizes.flatMap((variant) => ['jpeg', 'webp'].map((format) => ({ variant, format })))

type Upload = WorkflowHandle<(input: PhotoUploadInput) => Promise<PhotoUploadResult>>

async function start({ withWorkers = true, arrived = true } = {}): Promise<Upload> {
  if (withWorkers) await time.serve(fakes)
  const photoId = randomUUID()
  const input = { photoId, ownerId: '7', expiresAtMs: (await time.env.currentTimeMs()) + EXPIRY_MS }
  const options = {
    workflowId: photoUploadWorkflowId(photoId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [input] as [PhotoUploadInput],
    typedSearchAttributes: [
      { key: photoAttribute, value: photoId },
      { key: ownerAttribute, value: '7' },
      { key: stageAttribute, value: 'awaiting_upload' },
    ],
  }
  if (!arrived) return time.env.client.workflow.start(PHOTO_UPLOAD, options)
  return time.env.client.workflow.signalWithStart(PHOTO_UPLOAD, {
    ...options,
    signal: ORIGINAL_ARRIVED,
    signalArgs: [],
  })
}

const progressOf = (upload: Upload) => upload.query<UploadProgress>(UPLOAD_PROGRESS)
/**
 * Resolves once the workflow has heard that these steps ended; `openTimeSkipping` says why a cancellation waits for
 * that.
 */
const settled = (upload: Upload, ...names: UploadStepName[]) =>
  until(async () =>
    (await progressOf(upload)).steps.every(({ name, state }) => !names.includes(name) || state === 'done'),
  )
const variantsStep = async (upload: Upload) =>
  (await progressOf(upload)).steps.find(({ name }) => name === 'variants')!
const stageOf = async (upload: Upload) => (await upload.describe()).typedSearchAttributes.get(stageAttribute)
const count = (name: string) => calls.filter((call) => call === name).length

describe('photoUpload', () => {
  it('publishes a valid original before its variants and reports each step', async () => {
    const rendering = gate()
    const render = fakes.renderVariants
    fakes.renderVariants = async () => {
      await rendering.opened
      return render()
    }
    const upload = await start()
    await until(async () => (await progressOf(upload)).stage === 'ready')
    rendering.open()
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(calls.slice(0, 3)).toEqual(['claim', 'validate', 'publish'])
    const { steps } = await progressOf(upload)
    expect(steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'arrival done',
      'validation done',
      'publication done',
      'variants done',
      'search done',
      'fanout done',
      'moderation skipped',
    ])
    expect(await stageOf(upload)).toBe('ready')
  })

  it.each([
    [{ outcome: 'published', version: 3 }, 'ready'],
    [{ outcome: 'gone' }, 'deleted'],
  ])('does not publish again what the validation says is %o', async (published, stage) => {
    const validate = fakes.validateOriginal
    fakes.validateOriginal = async () => ({ ...(await validate()), published })
    const upload = await start()
    expect(await upload.result()).toEqual({ stage })
    expect(count('publish')).toBe(0)
  })

  it('accepts an event that arrives after the URL has expired', async () => {
    const upload = await start({ arrived: false })
    await time.env.sleep(EXPIRY_MS + 5 * 60 * 1000)
    await upload.signal(ORIGINAL_ARRIVED)
    expect(await upload.result()).toEqual({ stage: 'ready' })
  })

  it('finds an object when all of its events were lost', async () => {
    const upload = await start({ arrived: false })
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(count('claim')).toBe(1)
  })

  it('ignores events without an object and abandons what never comes', async () => {
    fakes.claimUpload = async () => {
      calls.push('claim')
      return { outcome: 'absent' }
    }
    const upload = await start()
    await until(async () => count('claim') === 1)
    expect(await upload.result()).toEqual({ stage: 'abandoned', failureCode: 'upload_expired' })
    expect(calls).toEqual(['claim', 'claim', 'abandon'])
    // Expiry plus the longest transfer.
    expect(await lastedMs(upload)).toBeGreaterThan(EXPIRY_MS + 14 * 60 * 1000)
  })

  it('does everything once, however many events arrive', async () => {
    const validating = gate()
    const validate = fakes.validateOriginal
    fakes.validateOriginal = async () => {
      await validating.opened
      return validate()
    }
    const upload = await start()
    for (let event = 0; event < 5; event++) await upload.signal(ORIGINAL_ARRIVED)
    validating.open()
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect([...calls].sort()).toEqual(['claim', 'fanout', 'index', 'publish', 'renderAll', 'validate'])
  })

  it('ends without an error if the photo is no longer an upload', async () => {
    fakes.claimUpload = async () => ({ outcome: 'closed', status: 'failed' })
    const upload = await start()
    expect(await upload.result()).toEqual({ stage: 'failed' })
    expect(calls).toEqual([])
  })

  it('retries a failing variant while the photo stays ready', async () => {
    fakes.renderVariants = async () => ({
      outcome: 'rendered',
      variants: variantsOf('thumb_200', 'medium_800'),
      failed: [{ variant: 'thumb_200', format: 'webp' }],
      attempts: 1,
    })
    fakes.renderVariant = async () => {
      calls.push('renderOne')
      const { attempt } = Context.current().info
      if (attempt <= 5) throw new Error('libvips is out of sorts')
      return { outcome: 'rendered', failed: [], attempts: attempt }
    }
    const upload = await start()
    await until(async () => (await progressOf(upload)).stage === 'ready')
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(count('renderOne')).toBe(6)
    expect(await variantsStep(upload)).toMatchObject({ state: 'done', detail: '4 of 4', attempts: 7 })
  })

  it('makes whatever variants the media worker lists', async () => {
    fakes.renderVariants = async () => ({
      outcome: 'rendered',
      variants: variantsOf('thumb_200', 'medium_800', 'large_1600'),
      failed: [{ variant: 'large_1600', format: 'webp' }],
      attempts: 1,
    })
    let rendered: unknown
    fakes.renderVariant = async (...args: unknown[]) => {
      rendered = args[0]
      return { outcome: 'rendered', failed: [], attempts: 1 }
    }
    const upload = await start()
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(rendered).toMatchObject({ variant: 'large_1600', format: 'webp' })
    expect(await variantsStep(upload)).toMatchObject({ state: 'done', detail: '6 of 6' })
  })

  it('renders missing variants one by one when rendering together fails', async () => {
    fakes.renderVariants = async () => {
      calls.push('renderAll')
      throw new Error('out of memory')
    }
    const upload = await start()
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(['renderAll', 'plan', 'renderOne'].map(count)).toEqual([3, 1, 2])
    expect(await variantsStep(upload)).toMatchObject({ state: 'done', detail: '6 of 6' })
  })

  it('makes the variants that may wait after the others, at a lower priority', async () => {
    const deferred = [{ variant: 'thumb_200', format: 'avif' }]
    const variants = [...variantsOf('thumb_200'), ...deferred]
    fakes.renderVariants = async () => ({ outcome: 'rendered', variants, failed: [], deferred, attempts: 1 })
    const waiting = gate()
    fakes.renderDeferredVariants = async () => {
      await waiting.opened
      return { outcome: 'rendered', failed: [], attempts: 1 }
    }
    const upload = await start()
    await until(async () => (await variantsStep(upload)).detail === '2 of 3')
    expect((await progressOf(upload)).stage).toBe('ready')
    waiting.open()
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(await variantsStep(upload)).toMatchObject({ state: 'done', detail: '3 of 3' })
    const { events } = await upload.fetchHistory()
    const priorityOf = (name: string) =>
      events!
        .map((event) => event.activityTaskScheduledEventAttributes)
        .find((scheduled) => scheduled?.activityType?.name === name)?.priority?.priorityKey ?? 0
    expect(priorityOf('renderDeferredVariants')).toBeGreaterThan(priorityOf('renderVariants') || 3)
  })

  it('makes them one by one when that step fails, whatever else is missing', async () => {
    const deferred = ['thumb_200', 'medium_800'].map((variant) => ({ variant, format: 'avif' }))
    const variants = [...variantsOf('thumb_200', 'medium_800'), ...deferred]
    const failed = [variants[0]!]
    fakes.renderVariants = async () => ({ outcome: 'rendered', variants, failed, deferred, attempts: 1 })
    fakes.renderDeferredVariants = async () => {
      calls.push('renderDeferred')
      throw new Error('out of memory')
    }
    const upload = await start()
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(['renderDeferred', 'renderOne'].map(count)).toEqual([3, 3])
    expect(await variantsStep(upload)).toMatchObject({ state: 'done', detail: '6 of 6' })
  })

  it('works with a media worker of v0.1, which does not list its variants', async () => {
    fakes.renderVariants = async () => ({
      outcome: 'rendered',
      failed: [{ variant: 'thumb_200', format: 'webp' }],
      attempts: 1,
    })
    const upload = await start()
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(count('renderOne')).toBe(1)
    expect(await variantsStep(upload)).toMatchObject({ state: 'done', detail: '4 of 4' })
  })

  it('fails a permanently bad image at the first attempt', async () => {
    fakes.validateOriginal = async () => {
      calls.push('validate')
      throw ApplicationFailure.create({
        type: PERMANENT_FAILURES.invalidImage,
        nonRetryable: true,
        details: [{ code: 'truncated', detail: 'The file ends too early.' }],
      })
    }
    let failed: unknown
    fakes.failUpload = async (...args: unknown[]) => {
      failed = args[0]
    }
    const upload = await start()
    expect(await upload.result()).toEqual({ stage: 'failed', failureCode: 'truncated' })
    expect(failed).toMatchObject({ code: 'truncated', detail: 'The file ends too early.' })
    expect(calls).toEqual(['claim', 'validate'])
  })

  it('resumes where it was when its workers are replaced', async () => {
    let isBroken = true
    fakes.renderVariants = async () => ({
      outcome: 'rendered',
      failed: [{ variant: 'thumb_200', format: 'jpeg' }],
      attempts: 1,
    })
    const renderOne = fakes.renderVariant
    fakes.renderVariant = async () => {
      if (!isBroken) return renderOne()
      calls.push('broken')
      throw new Error('the storage is away')
    }
    const upload = await start()
    await until(async () => count('broken') > 0 && count('fanout') > 0 && count('index') > 0)
    await time.stop()
    isBroken = false
    await time.serve(fakes)
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(['claim', 'validate', 'publish', 'index', 'fanout', 'renderOne'].map(count)).toEqual([
      1, 1, 1, 1, 1, 1,
    ])
  })

  it('ends and leaves nothing when its photo is deleted midway', async () => {
    const rendering = gate()
    let cancelled = false
    fakes.renderVariants = async () => {
      rendering.open()
      const context = Context.current()
      const beating = setInterval(() => context.heartbeat(), 50)
      try {
        return await context.cancelled
      } catch (error) {
        cancelled = error instanceof CancelledFailure
        throw error
      } finally {
        clearInterval(beating)
      }
    }
    const upload = await start()
    await rendering.opened
    await settled(upload, 'search', 'fanout')
    await upload.signal(PHOTO_DELETED)
    expect(await upload.result()).toEqual({ stage: 'deleted' })
    expect(cancelled).toBe(true)
    expect(calls.at(-1)).toBe('discard')
  })

  it('ends degraded but visible after a variant fails for seven days', async () => {
    fakes.renderVariants = async () => ({
      outcome: 'rendered',
      failed: [{ variant: 'medium_800', format: 'jpeg' }],
      attempts: 1,
    })
    fakes.renderVariant = async () => {
      // Spares the test some of the two thousand attempts.
      throw ApplicationFailure.create({ message: 'never', nextRetryDelay: '1 hour' })
    }
    const upload = await start()
    expect(await upload.result()).toEqual({ stage: 'degraded' })
    expect(await lastedMs(upload)).toBeGreaterThan(6.9 * DAY_MS)
    expect(await stageOf(upload)).toBe('degraded')
    expect(await variantsStep(upload)).toMatchObject({ state: 'failed', detail: '3 of 4' })
  })

  it('publishes by a scheduled activity when the local one fails', async () => {
    let tries = 0
    const publish = fakes.publishPhoto
    fakes.publishPhoto = async () => {
      if (++tries <= 3) throw new Error('the database is away')
      return publish()
    }
    const upload = await start()
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(count('publish')).toBe(1)
    const history = await upload.fetchHistory()
    const scheduled = history.events!.map(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name,
    )
    expect(scheduled).toContain('publishPhoto')
  })

  it('fails an unpublished photo when an operator cancels its upload', async () => {
    const upload = await start({ arrived: false })
    await upload.cancel()
    await expect(upload.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect(calls).toEqual(['fail'])
    const { stage, steps } = await progressOf(upload)
    expect(stage).toBe('failed')
    expect(steps.map(({ state }) => state).join(' ')).toBe(
      'failed skipped skipped skipped skipped skipped skipped',
    )
    expect(steps[0]).toMatchObject({ detail: 'upload_cancelled' })
    expect(await stageOf(upload)).toBe('failed')
  })

  it('leaves a published photo, degraded, when an operator cancels its upload', async () => {
    const rendering = gate()
    fakes.renderVariants = async () => {
      rendering.open()
      const context = Context.current()
      const beating = setInterval(() => context.heartbeat(), 50)
      return context.cancelled.finally(() => clearInterval(beating))
    }
    fakes.failUpload = async () => ({ status: 'ready' })
    const upload = await start()
    await rendering.opened
    await settled(upload, 'search', 'fanout')
    await upload.cancel()
    await expect(upload.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    const { stage, steps } = await progressOf(upload)
    expect(stage).toBe('degraded')
    expect(steps.map(({ state }) => state).join(' ')).toBe('done done done failed done done skipped')
    expect(await stageOf(upload)).toBe('degraded')
  })
})
