import {
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import {
  AVATAR_CHANGED,
  type AvatarUploadInput,
  type AvatarUploadResult,
} from '../../contracts/avatar-upload.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'
import { invalidImageOf } from '../photo-upload/steps.ts'
import { steps } from './steps.ts'

const avatarChanged = defineSignal(AVATAR_CHANGED)

/** How long a PUT that begins just before its URL expires may take: 10 MiB over a mobile uplink of 0.5 Mbit/s. */
const LONGEST_TRANSFER_MS = 3 * 60 * 1000

/** One avatar, from the pre-signed URL until it is shown (contracts/avatar-upload.ts). */
export async function avatarUpload(input: AvatarUploadInput, hinted = false): Promise<AvatarUploadResult> {
  let isHinted = hinted
  setHandler(avatarChanged, () => void (isHinted = true), {
    description: 'The picture may have arrived, or the upload was given up: look again',
  })
  try {
    return await run(input, {
      has: () => isHinted,
      take: () => void (isHinted = false),
    })
  } catch (error) {
    if (!isCancellation(error)) throw error
    const cancelled = { code: 'upload_cancelled', detail: 'The upload was cancelled by an operator.' }
    await CancellationScope.nonCancellable(() => close(input, cancelled))
    throw error
  }
}

interface Hint {
  has: () => boolean
  take: () => void
}

async function run(input: AvatarUploadInput, hint: Hint): Promise<AvatarUploadResult> {
  const { avatarId, ownerId } = input
  const arrival = await awaitPicture(input, hint)
  if (arrival === 'absent')
    return close(input, { code: 'upload_expired', detail: 'No picture arrived in time.' })
  if (arrival === 'closed') return close(input, GIVEN_UP)
  try {
    const { outcome } = await steps.make(ownerId)({ avatarId })
    if (outcome === 'published') return reach('ready')
    return await close(input, outcome === 'refused' ? REFUSED : GIVEN_UP)
  } catch (error) {
    if (isCancellation(error)) throw error
    return close(input, invalidImageOf(error) ?? FAILED)
  }
}

const REFUSED = { code: 'policy', detail: 'The picture was refused by automatic moderation.' }
const FAILED = { code: 'processing_failed', detail: 'The picture could not be processed; upload it again.' }
/** Says nothing new where the row has a reason already. */
const GIVEN_UP = { code: 'upload_aborted', detail: 'The upload was given up.' }

/** Signals are hints; only object and row count. It looks a last time when the longest transfer would have ended. */
async function awaitPicture(input: AvatarUploadInput, hint: Hint): Promise<'claimed' | 'absent' | 'closed'> {
  const lastLookAtMs = input.expiresAtMs + LONGEST_TRANSFER_MS
  for (;;) {
    const patienceMs = Math.max(1, lastLookAtMs - Date.now())
    const isNews = await condition(hint.has, patienceMs, { summary: 'Until the upload is abandoned' })
    hint.take()
    const { outcome } = await steps.claim({ avatarId: input.avatarId })
    if (outcome !== 'absent' || !isNews) return outcome
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof avatarUpload>(input, hint.has())
  }
}

async function close(
  { avatarId }: AvatarUploadInput,
  failure: { code: string; detail: string },
): Promise<AvatarUploadResult> {
  const isClosed = await steps.close({ avatarId, ...failure })
  return isClosed ? reach('failed', failure.code) : reach('closed')
}

function reach(stage: AvatarUploadResult['stage'], failureCode?: string): AvatarUploadResult {
  upsertSearchAttributes([{ key: stageAttribute, value: stage }])
  return { stage, ...(failureCode !== undefined && { failureCode }) }
}
