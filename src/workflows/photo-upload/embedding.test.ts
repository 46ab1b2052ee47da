import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  ORIGINAL_ARRIVED,
  PHOTO_UPLOAD,
  photoUploadWorkflowId,
  type PhotoUploadInput,
  type PhotoUploadResult,
} from '../../contracts/photo-upload.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { timeSkippingOfFile } from '../../../test/support/servers/time-skipping.ts'

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
    embedPhoto: does('embed', undefined),
  }
})

async function upload(validated: object): Promise<PhotoUploadResult> {
  const original = { outcome: 'valid', width: 4, height: 3, bytes: 9, attempts: 1 }
  fakes.validateOriginal = async () => ({ ...original, ...validated })
  await time.serve(fakes)
  const photoId = randomUUID()
  const expiresAtMs = (await time.env.currentTimeMs()) + HOUR_MS
  const started = await time.env.client.workflow.signalWithStart<
    (input: PhotoUploadInput) => Promise<PhotoUploadResult>
  >(PHOTO_UPLOAD, {
    workflowId: photoUploadWorkflowId(photoId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ photoId, ownerId: '7', expiresAtMs }],
    signal: ORIGINAL_ARRIVED,
    signalArgs: [],
  })
  return started.result()
}

describe('photoUpload', () => {
  it('has a photo embedded once its variants are there, if it is to be', async () => {
    expect(await upload({ embeds: true })).toEqual({ stage: 'ready' })
    expect(calls.indexOf('embed')).toBeGreaterThan(calls.indexOf('render'))
  })

  it('has no photo embedded where the media worker says nothing of it', async () => {
    expect(await upload({})).toEqual({ stage: 'ready' })
    expect(calls).not.toContain('embed')
  })

  it('is ready without an embedding, after some attempts', async () => {
    fakes.embedPhoto = async () => {
      calls.push('embed')
      throw new Error('the embedder is away')
    }
    expect(await upload({ embeds: true })).toEqual({ stage: 'ready' })
    expect(calls.filter((name) => name === 'embed').length).toBeGreaterThan(3)
  })
})
