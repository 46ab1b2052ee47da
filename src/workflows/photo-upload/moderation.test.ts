import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import { photoModerationWorkflowId, type ModerationPlan } from '../../contracts/photo-moderation.ts'
import {
  ORIGINAL_ARRIVED,
  PHOTO_DELETED,
  PHOTO_UPLOAD,
  photoUploadWorkflowId,
  UPLOAD_PROGRESS,
  type PhotoUploadInput,
  type PhotoUploadResult,
  type UploadProgress,
} from '../../contracts/photo-upload.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const HOUR_MS = 60 * 60 * 1000
const time = timeSkippingOfFile()
let calls: string[]
let fakes: Record<string, (...args: never[]) => Promise<unknown>>

beforeEach(() => {
  calls = []
  const does = (name: string, outcome: object | undefined) => async () => {
    calls.push(name)
    return outcome
  }
  fakes = {
    claimUpload: does('claim', { outcome: 'claimed' }),
    publishPhoto: does('publish', { outcome: 'published', version: 3 }),
    renderVariants: does('render', { outcome: 'rendered', variants: [], failed: [], attempts: 1 }),
    indexPhoto: does('index', { state: 'indexed', version: 3, changed: true }),
    startFanout: does('fanout', undefined),
    discardUpload: does('discard', undefined),
    screenPhoto: does('screen', { outcome: 'verdict', verdict: 'limit', attempts: 1 }),
    escalateScreening: does('escalate', undefined),
  }
})

type Upload = WorkflowHandle<(input: PhotoUploadInput) => Promise<PhotoUploadResult>>

async function start(plan: Partial<ModerationPlan>): Promise<Upload> {
  const moderation: ModerationPlan = { mode: 'post', escalateAfterMs: HOUR_MS, onOutage: 'hold', ...plan }
  fakes.validateOriginal = async () => ({
    outcome: 'valid',
    width: 4,
    height: 3,
    bytes: 9,
    attempts: 1,
    moderation,
  })
  await time.serve(fakes)
  const photoId = randomUUID()
  const expiresAtMs = (await time.env.currentTimeMs()) + HOUR_MS
  return time.env.client.workflow.signalWithStart(PHOTO_UPLOAD, {
    workflowId: photoUploadWorkflowId(photoId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ photoId, ownerId: '7', expiresAtMs }],
    signal: ORIGINAL_ARRIVED,
    signalArgs: [],
  })
}

const progressOf = (upload: Upload) => upload.query<UploadProgress>(UPLOAD_PROGRESS)
const moderationOf = async (upload: Upload) =>
  (await progressOf(upload)).steps.find(({ name }) => name === 'moderation')!.state

describe('photoUpload', () => {
  it('publishes a photo, makes its variants and has it moderated then', async () => {
    const upload = await start({ mode: 'post' })
    expect(await upload.result()).toEqual({ stage: 'ready' })
    const order = ['publish', 'render', 'screen'].map((name) => calls.indexOf(name))
    expect(order).toEqual(order.toSorted((one, other) => one - other))
    expect(await moderationOf(upload)).toBe('done')
  })

  it('holds a photo until its verdict is there, and moderates it once', async () => {
    const screening = gate()
    fakes.screenPhoto = async () => {
      calls.push('screen')
      await screening.opened
      return { outcome: 'verdict', verdict: 'quarantine', attempts: 1 }
    }
    const upload = await start({ mode: 'pre' })
    await until(async () => calls.includes('screen'))
    expect(await moderationOf(upload)).toBe('running')
    expect(calls).not.toContain('publish')
    screening.open()
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(calls.filter((name) => name === 'screen' || name === 'publish')).toEqual(['screen', 'publish'])
    expect(await moderationOf(upload)).toBe('done')
  })

  it('publishes a photo without a verdict only after telling people', async () => {
    const startedAt = await time.env.currentTimeMs()
    fakes.screenPhoto = async () => {
      if ((await time.env.currentTimeMs()) - startedAt < 3 * HOUR_MS)
        throw new Error('the classifier is away')
      calls.push('screen')
      return { outcome: 'verdict', verdict: 'allow', attempts: 1 }
    }
    const upload = await start({ mode: 'pre', onOutage: 'publish' })
    expect(await upload.result()).toEqual({ stage: 'ready' })
    const told = calls.filter((name) => ['escalate', 'publish', 'screen'].includes(name))
    expect(told).toEqual(['escalate', 'publish', 'escalate', 'screen'])
    expect((await time.env.currentTimeMs()) - startedAt).toBeGreaterThanOrEqual(3 * HOUR_MS)
  })

  it('is degraded in the end if no verdict could be had for a published photo', async () => {
    fakes.screenPhoto = async () => {
      throw new Error('the classifier is away')
    }
    const upload = await start({ mode: 'post' })
    expect(await upload.result()).toEqual({ stage: 'degraded' })
    expect(await moderationOf(upload)).toBe('failed')
  })

  it('ends while the photo is held when it is deleted, and its moderation too', async () => {
    fakes.screenPhoto = async () => {
      calls.push('screen')
      throw new Error('the classifier is away')
    }
    const upload = await start({ mode: 'pre' })
    await until(async () => calls.includes('screen'))
    await upload.signal(PHOTO_DELETED)
    expect(await upload.result()).toEqual({ stage: 'deleted' })
    const child = upload.workflowId.replace('photo/', '')
    const moderation = time.env.client.workflow.getHandle(photoModerationWorkflowId(child))
    expect((await moderation.describe()).status.name).toBe('CANCELLED')
    expect(calls).not.toContain('publish')
  })
})
