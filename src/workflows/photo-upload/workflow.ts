import {
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  patched,
  setHandler,
  Trigger,
  workflowInfo,
} from '@temporalio/workflow'
import {
  ORIGINAL_ARRIVED,
  PHOTO_DELETED,
  UPLOAD_PROGRESS,
  type PhotoUploadInput,
  type PhotoUploadResult,
  type UploadProgress,
} from '../../contracts/photo-upload.ts'
import type { ModerationPlan } from '../../contracts/photo-moderation.ts'
import { moderate } from './moderation.ts'
import { invalidImageOf, mediaStepsOf, steps, type MediaSteps } from './steps.ts'
import { trackProgress, type TrackedProgress } from './progress.ts'
import { makeVariants } from './variants.ts'

const originalArrived = defineSignal(ORIGINAL_ARRIVED)
const photoDeleted = defineSignal(PHOTO_DELETED)
const uploadProgress = defineQuery<UploadProgress>(UPLOAD_PROGRESS)

/**
 * How long a PUT that begins just before its URL expires may take: the 50 MB that one PUT may carry take 14 minutes over
 * a mobile uplink of 0.5 Mbit/s. Larger originals arrive in parts, whose upload lasts for as long as it says.
 */
export const LONGEST_TRANSFER_MS = 15 * 60 * 1000

/**
 * One upload, from the pre-signed URL to the last variant (contracts/photo-upload.ts).
 * @param hinted a hint that came while the run that this one continues looked at the object
 */
export async function photoUpload(input: PhotoUploadInput, hinted = false): Promise<PhotoUploadResult> {
  const upload = openUpload(hinted)
  try {
    return await upload.untilDeleted(() => run(input, upload))
  } catch (error) {
    if (!isCancellation(error)) throw error
    return await CancellationScope.nonCancellable(() => stop(input, upload, error))
  }
}

/** State and handlers. */
function openUpload(hinted: boolean) {
  const progress = trackProgress()
  const work = new CancellationScope()
  let hints = hinted ? 1 : 0
  let deleted = false
  setHandler(
    originalArrived,
    () => {
      hints++
    },
    { description: 'The original may have arrived: look at the object' },
  )
  setHandler(
    photoDeleted,
    () => {
      deleted = true
      work.cancel()
    },
    { description: 'The photo was deleted: stop and clean up' },
  )
  setHandler(uploadProgress, progress.get, { description: 'The state of every step' })
  return {
    progress,
    hinted: () => hints > 0,
    takeHints() {
      hints = 0
    },
    wasDeleted: () => deleted,
    untilDeleted: <T>(story: () => Promise<T>) => work.run(story),
  }
}
type Upload = ReturnType<typeof openUpload>

async function run(input: PhotoUploadInput, upload: Upload): Promise<PhotoUploadResult> {
  const { photoId, ownerId } = input
  const { progress } = upload

  const arrival = await awaitOriginal(input, upload)
  if (arrival.outcome === 'absent') {
    await steps.abandon({ photoId })
    return progress.end('abandoned', 'upload_expired')
  }
  if (arrival.outcome === 'closed') {
    const { status } = arrival
    return progress.end(status === 'ready' || status === 'failed' ? status : 'deleted')
  }

  progress.reach('processing')
  const media = mediaStepsOf(ownerId)
  const original = await validate(media, photoId, progress)
  if (original.outcome === 'gone') return progress.end('deleted')
  if (original.outcome === 'invalid') return progress.end('failed', original.code)

  const { moderation: plan } = original
  const held = plan?.mode === 'pre' ? await moderateHeld(input, plan, progress) : undefined
  if (held === 'gone') return progress.end('deleted')

  progress.mark('publication', 'running')
  const published = original.published ?? (await steps.publish({ photoId }))
  if (published.outcome === 'gone') return progress.end('deleted')
  progress.mark('publication', 'done', undefined, 1)
  progress.reach('ready')

  const shown = new Trigger<void>()
  const show = () => shown.resolve()
  const complete = await Promise.all([
    track(progress, 'variants', () => makeVariants(media, photoId, progress, show).finally(show)),
    track(progress, 'search', () => steps.index({ photoId })),
    track(progress, 'fanout', () => steps.startFanout({ photoId, ownerId })),
    ...(plan && held !== 'verdict' ? [moderateShown(input, plan, progress, shown)] : []),
    ...(original.embeds ? [embedShown(photoId, shown)] : []),
  ])
  return progress.end(complete.every(Boolean) ? 'ready' : 'degraded')
}

/** Before the photo is published. What was said of it is for moderators, and not part of the progress. */
async function moderateHeld(input: PhotoUploadInput, plan: ModerationPlan, progress: TrackedProgress) {
  progress.mark('moderation', 'running')
  const { outcome } = await moderate(input, plan)
  if (outcome === 'verdict') progress.mark('moderation', 'done')
  return outcome
}

/** Once its variants are there, so that none but a held photo is moderated by its original. */
async function moderateShown(
  input: PhotoUploadInput,
  plan: ModerationPlan,
  progress: TrackedProgress,
  shown: PromiseLike<void>,
): Promise<boolean> {
  await shown
  return track(progress, 'moderation', async () => {
    const { outcome } = await moderate(input, { ...plan, mode: 'post' })
    return outcome !== 'undecided'
  })
}

/**
 * Once its variants are there, of which one is embedded. A photo that is not embedded lacks nothing but being found by what it shows, so
 * that its upload is complete without. Media workers say whether it is to be, so that the histories of older ones have no such step.
 */
async function embedShown(photoId: string, shown: PromiseLike<void>): Promise<true> {
  await shown
  try {
    await steps.embed({ photoId })
  } catch (error) {
    if (isCancellation(error)) throw error
  }
  return true
}

/**
 * Waits for the object. Signals are hints; only the object counts. It looks a last time when the URL has expired and
 * the longest transfer would have ended.
 */
async function awaitOriginal(input: PhotoUploadInput, upload: Upload) {
  const { progress } = upload
  const lastLookAtMs = input.expiresAtMs + LONGEST_TRANSFER_MS
  progress.mark('arrival', 'running')
  for (;;) {
    const patienceMs = Math.max(1, lastLookAtMs - Date.now())
    const hinted = await condition(upload.hinted, patienceMs, { summary: 'Until the upload is abandoned' })
    upload.takeHints()
    const claim = await steps.claim({ photoId: input.photoId })
    if (claim.outcome !== 'absent') {
      progress.mark('arrival', 'done')
      return claim
    }
    if (!hinted) {
      progress.mark('arrival', 'failed', 'upload_expired')
      return claim
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof photoUpload>(input, upload.hinted())
  }
}

async function validate(media: MediaSteps, photoId: string, progress: TrackedProgress) {
  progress.mark('validation', 'running')
  try {
    const original = await media.validate({ photoId })
    if (original.outcome === 'valid') {
      progress.mark('validation', 'done', `${original.width} × ${original.height}`, original.attempts)
    }
    return original
  } catch (error) {
    const invalid = invalidImageOf(error)
    if (!invalid) throw error
    progress.mark('validation', 'failed', invalid.code)
    await steps.fail({ photoId, ...invalid })
    return { outcome: 'invalid', code: invalid.code } as const
  }
}

/** Runs a step that must not fail the others. @returns whether all of it succeeded */
async function track(
  progress: TrackedProgress,
  name: 'variants' | 'search' | 'fanout' | 'moderation',
  step: () => Promise<unknown>,
): Promise<boolean> {
  progress.mark(name, 'running')
  try {
    const complete = (await step()) !== false
    progress.mark(name, complete ? 'done' : 'failed')
    return complete
  } catch (error) {
    if (isCancellation(error)) throw error
    progress.mark(name, 'failed')
    return false
  }
}

/** Runs that v0.1 cancelled leave the stage and the steps unchanged (docs/adr/0013). */
const CANCELLED_STAGE = 'cancelled-stage'
const CANCELLED_CODE = 'upload_cancelled'

/**
 * After a deletion the upload ends without an error and leaves nothing behind. After an operator cancels it, an
 * unpublished photo fails; a published one stays, but its unfinished steps are not done.
 */
async function stop(
  { photoId }: PhotoUploadInput,
  upload: Upload,
  cancellation: unknown,
): Promise<PhotoUploadResult> {
  if (upload.wasDeleted()) {
    await steps.discard({ photoId })
    return upload.progress.end('deleted')
  }
  const detail = 'The upload was cancelled by an operator.'
  const photo = await steps.fail({ photoId, code: CANCELLED_CODE, detail })
  if (patched(CANCELLED_STAGE)) {
    upload.progress.interrupt(CANCELLED_CODE)
    upload.progress.end(photo?.status === 'ready' ? 'degraded' : 'failed')
  }
  throw cancellation
}
