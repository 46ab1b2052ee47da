import { describe, expect, it } from 'vitest'
import { photoModerationWorkflowId, type ModerationPlan } from '../../contracts/photo-moderation.ts'
import { PHOTO_DELETED, UPLOAD_PROGRESS, type UploadProgress } from '../../contracts/photo-upload.ts'
import { gate, lastedMs, until } from '../../../test/support/servers/time-skipping.ts'
import { uploadWorkflowWorldOfFile, type Upload } from '../../../test/support/worlds/upload-workflow-world.ts'

const HOUR_MS = 60 * 60 * 1000
const world = uploadWorkflowWorldOfFile({
  discardUpload: { name: 'discard' },
  screenPhoto: { name: 'screen', outcome: { outcome: 'verdict', verdict: 'limit', attempts: 1 } },
  escalateScreening: { name: 'escalate' },
})
const { time } = world

function start(plan: Partial<ModerationPlan>): Promise<Upload> {
  const moderation: ModerationPlan = { mode: 'post', escalateAfterMs: HOUR_MS, onOutage: 'hold', ...plan }
  return world.start({ moderation })
}

const progressOf = (upload: Upload) => upload.query<UploadProgress>(UPLOAD_PROGRESS)
const moderationOf = async (upload: Upload) =>
  (await progressOf(upload)).steps.find(({ name }) => name === 'moderation')!.state

describe('photoUpload', () => {
  it('publishes a photo, makes its variants and has it moderated then', async () => {
    const upload = await start({ mode: 'post' })
    expect(await upload.result()).toEqual({ stage: 'ready' })
    const order = ['publish', 'render', 'screen'].map((name) => world.calls.indexOf(name))
    expect(order).toEqual(order.toSorted((one, other) => one - other))
    expect(await moderationOf(upload)).toBe('done')
  })

  it('holds a photo until its verdict is there, and moderates it once', async () => {
    const screening = gate()
    world.fakes['screenPhoto'] = async () => {
      world.calls.push('screen')
      await screening.opened
      return { outcome: 'verdict', verdict: 'quarantine', attempts: 1 }
    }
    const upload = await start({ mode: 'pre' })
    await until(async () => world.calls.includes('screen'))
    expect(await moderationOf(upload)).toBe('running')
    expect(world.calls).not.toContain('publish')
    screening.open()
    expect(await upload.result()).toEqual({ stage: 'ready' })
    expect(world.calls.filter((name) => name === 'screen' || name === 'publish')).toEqual([
      'screen',
      'publish',
    ])
    expect(await moderationOf(upload)).toBe('done')
  })

  it('publishes a photo without a verdict only after telling people', async () => {
    const startedAt = await time.env.currentTimeMs()
    world.fakes['screenPhoto'] = async () => {
      if ((await time.env.currentTimeMs()) - startedAt < 3 * HOUR_MS)
        throw new Error('the classifier is away')
      world.calls.push('screen')
      return { outcome: 'verdict', verdict: 'allow', attempts: 1 }
    }
    const upload = await start({ mode: 'pre', onOutage: 'publish' })
    expect(await upload.result()).toEqual({ stage: 'ready' })
    const told = world.calls.filter((name) => ['escalate', 'publish', 'screen'].includes(name))
    expect(told).toEqual(['escalate', 'publish', 'escalate', 'screen'])
    expect(await lastedMs(upload)).toBeGreaterThanOrEqual(3 * HOUR_MS)
  })

  it('is degraded in the end if no verdict could be had for a published photo', async () => {
    world.fakes['screenPhoto'] = async () => {
      throw new Error('the classifier is away')
    }
    const upload = await start({ mode: 'post' })
    expect(await upload.result()).toEqual({ stage: 'degraded' })
    expect(await moderationOf(upload)).toBe('failed')
  })

  it('ends while the photo is held when it is deleted, and its moderation too', async () => {
    world.fakes['screenPhoto'] = async () => {
      world.calls.push('screen')
      throw new Error('the classifier is away')
    }
    const upload = await start({ mode: 'pre' })
    await until(async () => world.calls.includes('screen'))
    await upload.signal(PHOTO_DELETED)
    expect(await upload.result()).toEqual({ stage: 'deleted' })
    const child = upload.workflowId.replace('photo/', '')
    const moderation = time.env.client.workflow.getHandle(photoModerationWorkflowId(child))
    expect((await moderation.describe()).status.name).toBe('CANCELLED')
    expect(world.calls).not.toContain('publish')
  })
})
