import { randomUUID } from 'node:crypto'
import { ApplicationFailure, type WorkflowHandle } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import type { AvatarClaim, MadeAvatar } from '../../contracts/activities/avatars.ts'
import { PERMANENT_FAILURES } from '../../contracts/activity-options.ts'
import {
  AVATAR_CHANGED,
  AVATAR_UPLOAD,
  avatarUploadWorkflowId,
  type AvatarUploadInput,
  type AvatarUploadResult,
} from '../../contracts/avatar-upload.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const HOUR_MS = 3_600_000

const time = timeSkippingOfFile()
let calls: string[]
/** Whether the object is there. */
let hasArrived: boolean
let fakes: ReturnType<typeof happyPath>

beforeEach(() => {
  calls = []
  hasArrived = false
  fakes = happyPath()
})

function happyPath() {
  return {
    claimAvatar: async (): Promise<AvatarClaim> => {
      calls.push('claim')
      return { outcome: hasArrived ? 'claimed' : 'absent' }
    },
    makeAvatar: async (): Promise<MadeAvatar> => {
      calls.push('make')
      return { outcome: 'published' }
    },
    closeAvatar: async ({ code }: { code: string }): Promise<boolean> => {
      calls.push(`close ${code}`)
      return true
    },
  }
}

type Run = WorkflowHandle<(input: AvatarUploadInput) => Promise<AvatarUploadResult>>

async function start(): Promise<Run> {
  await time.serve(fakes)
  const avatarId = randomUUID()
  const expiresAtMs = (await time.env.currentTimeMs()) + HOUR_MS
  return time.env.client.workflow.signalWithStart(AVATAR_UPLOAD, {
    workflowId: avatarUploadWorkflowId(avatarId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ avatarId, ownerId: '7', expiresAtMs }],
    signal: AVATAR_CHANGED,
    signalArgs: [],
  })
}

const invalid = (code: string) => () => {
  calls.push('make')
  return Promise.reject(
    ApplicationFailure.create({
      type: PERMANENT_FAILURES.invalidImage,
      nonRetryable: true,
      details: [{ code, detail: 'The bytes are no picture.' }],
    }),
  )
}

describe('avatarUpload', () => {
  it('waits for the picture, and makes the avatar of it', async () => {
    const run = await start()
    await until(() => Promise.resolve(calls.length === 1))
    hasArrived = true
    await run.signal(AVATAR_CHANGED)
    expect(await run.result()).toEqual({ stage: 'ready' })
    expect(calls).toEqual(['claim', 'claim', 'make'])
  })

  it('is closed when no picture arrives in time', async () => {
    const run = await start()
    expect(await run.result()).toEqual({ stage: 'failed', failureCode: 'upload_expired' })
    expect(calls.at(-1)).toBe('close upload_expired')
  })

  it('finds a picture whose event was lost, at its last look', async () => {
    const run = await start()
    await until(() => Promise.resolve(calls.length === 1))
    hasArrived = true
    expect(await run.result()).toEqual({ stage: 'ready' })
  })

  it('says why the bytes are no picture, after one try', async () => {
    hasArrived = true
    fakes.makeAvatar = invalid('truncated')
    expect(await (await start()).result()).toEqual({ stage: 'failed', failureCode: 'truncated' })
    expect(calls).toEqual(['claim', 'make', 'close truncated'])
  })

  it('is refused by moderation', async () => {
    hasArrived = true
    fakes.makeAvatar = async () => ({ outcome: 'refused' })
    expect(await (await start()).result()).toEqual({ stage: 'failed', failureCode: 'policy' })
  })

  it('removes what it made of an upload that was given up', async () => {
    hasArrived = true
    fakes.makeAvatar = async () => ({ outcome: 'gone' })
    expect(await (await start()).result()).toMatchObject({ stage: 'failed' })
    expect(calls.at(-1)).toBe('close upload_aborted')
  })

  it('tries again while a store is away', async () => {
    hasArrived = true
    let tries = 0
    fakes.makeAvatar = async () => {
      if (++tries < 4) throw new Error('the storage is away')
      return { outcome: 'published' }
    }
    expect(await (await start()).result()).toEqual({ stage: 'ready' })
    expect(tries).toBe(4)
  })

  it('gives up after a day, and leaves nothing', async () => {
    hasArrived = true
    fakes.makeAvatar = async () => {
      throw ApplicationFailure.create({ message: 'away', nextRetryDelay: '2 hours' })
    }
    expect(await (await start()).result()).toEqual({ stage: 'failed', failureCode: 'processing_failed' })
    expect(calls.at(-1)).toBe('close processing_failed')
  })

  it('leaves alone what was published before its worker died', async () => {
    fakes.claimAvatar = async () => ({ outcome: 'closed' })
    fakes.closeAvatar = async () => false
    expect(await (await start()).result()).toEqual({ stage: 'closed' })
  })

  it('is closed when an operator cancels it', async () => {
    const run = await start()
    await until(() => Promise.resolve(calls.length === 1))
    await run.cancel()
    await expect(run.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect(calls.at(-1)).toBe('close upload_cancelled')
  })
})
