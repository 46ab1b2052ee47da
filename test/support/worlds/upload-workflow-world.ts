import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeEach } from 'vitest'
import {
  ORIGINAL_ARRIVED,
  PHOTO_UPLOAD,
  photoUploadWorkflowId,
  type PhotoUploadInput,
  type PhotoUploadResult,
} from '../../../src/contracts/photo-upload.ts'
import { TASK_QUEUES } from '../../../src/contracts/task-queues.ts'
import { timeSkippingOfFile } from '../servers/time-skipping.ts'

const HOUR_MS = 60 * 60 * 1000

export type Upload = WorkflowHandle<(input: PhotoUploadInput) => Promise<PhotoUploadResult>>

/** What a test of one branch of photoUpload needs, in skipped time. */
export interface UploadWorkflowWorld {
  time: ReturnType<typeof timeSkippingOfFile>
  /** The activities that ran, in order. */
  calls: string[]
  /** Activities that succeed at once and record that they ran; a test replaces those that it is about. */
  fakes: Record<string, (...args: never[]) => Promise<unknown>>
  /** Starts an upload whose original is there, and valid, with what the media worker says besides. */
  start(validated: object): Promise<Upload>
}

/** New for each test of the file. @param own the activities that its branch adds, and what they answer */
export function uploadWorkflowWorldOfFile(
  own: Readonly<Record<string, { name: string; outcome?: object }>>,
): UploadWorkflowWorld {
  const time = timeSkippingOfFile()
  const world: UploadWorkflowWorld = { time, calls: [], fakes: {}, start }
  beforeEach(() => {
    world.calls = []
    const does = (name: string, outcome?: object) => async () => {
      world.calls.push(name)
      return outcome
    }
    world.fakes = {
      claimUpload: does('claim', { outcome: 'claimed' }),
      publishPhoto: does('publish', { outcome: 'published', version: 3 }),
      renderVariants: does('render', { outcome: 'rendered', variants: [], failed: [], attempts: 1 }),
      indexPhoto: does('index', { state: 'indexed', version: 3, changed: true }),
      startFanout: does('fanout'),
    }
    for (const [activity, { name, outcome }] of Object.entries(own))
      world.fakes[activity] = does(name, outcome)
  })

  async function start(validated: object): Promise<Upload> {
    const original = { outcome: 'valid', width: 4, height: 3, bytes: 9, attempts: 1 }
    world.fakes['validateOriginal'] = async () => ({ ...original, ...validated })
    await time.serve(world.fakes)
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
  return world
}
