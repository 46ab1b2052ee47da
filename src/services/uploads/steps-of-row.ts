import {
  UPLOAD_STEPS,
  type StepState,
  type UploadStep,
  type UploadStepName,
} from '../../contracts/photo-upload.ts'
import { renditionsOf, storedAs, type Rendition } from '../../domain/variants.ts'
import type { PhotoCard } from '../photos/photo-cards.ts'

/**
 * `open`: a workflow is or may be running. `completed`: it finished. `stopped`: it ended before that.
 * `forgotten`: it ended so long ago that Temporal no longer knows how.
 */
export type UploadEnd = 'open' | 'completed' | 'stopped' | 'forgotten'

export interface KnownOfUpload {
  end: UploadEnd
  /** Whether a push to feeds, or a collection from them, is still owed. */
  isDistributionOwed: boolean
}

/** What Postgres alone knows about the steps. A step is `running` only if something will finish it. */
export function stepsOfRow(card: PhotoCard, known: KnownOfUpload): UploadStep[] {
  const wanted = renditionsOfCard(card)
  const expected = wanted.length
  const rendered = wanted.filter((rendition) => storedAs(rendition, card.variants)).length
  const detail = `${rendered} of ${expected}`
  return UPLOAD_STEPS.map((name) => ({
    name,
    state: stateOf(name, card, rendered >= expected, known),
    attempts: 0,
    ...(name === 'variants' && card.status === 'ready' ? { detail } : {}),
  }))
}

/** An ended workflow's own report of its steps; the row decides about steps that it left open. */
export function settleSteps(told: readonly UploadStep[], row: readonly UploadStep[]): UploadStep[] {
  return told.map((step) => {
    if (!isOpen(step)) return step
    const { state, detail = step.detail } = row.find(({ name }) => name === step.name)!
    return { ...step, state, ...(detail === undefined ? {} : { detail }) }
  })
}

export function isOpen({ state }: Pick<UploadStep, 'state'>): boolean {
  return state === 'pending' || state === 'running'
}

/** What the photo should have stored. Its size is known from its validation on. */
function renditionsOfCard({ width, height, ...card }: PhotoCard): Rendition[] {
  return width === null || height === null ? [] : renditionsOf({ ...card, width, height })
}

function stateOf(
  name: UploadStepName,
  card: PhotoCard,
  isRendered: boolean,
  known: KnownOfUpload,
): StepState {
  const isOver = known.end !== 'open'
  switch (card.status) {
    case 'awaiting_upload':
      return upTo('arrival', name, isOver)
    case 'processing':
      return upTo(card.width === null ? 'validation' : 'publication', name, isOver)
    case 'failed':
      return upTo(failedAt(card), name, true)
    default:
      if (card.publishedAt === null) return 'skipped'
      return stateOfPublished(name, isRendered, known)
  }
}

function stateOfPublished(
  name: UploadStepName,
  isRendered: boolean,
  { end, isDistributionOwed }: KnownOfUpload,
): StepState {
  switch (name) {
    case 'variants':
      if (isRendered) return 'done'
      return end === 'open' ? 'running' : 'failed'
    case 'search':
    case 'moderation':
      // Postgres does not know. An upload that was not stopped retries these steps until they are done.
      return end === 'open' ? 'running' : end === 'stopped' ? 'failed' : 'done'
    case 'fanout':
      // One that is owed is started by housekeeping, whatever became of the upload.
      return isDistributionOwed ? 'running' : 'done'
    default:
      return 'done'
  }
}

/** The step that an upload is at, or ended at. */
function upTo(current: UploadStepName, name: UploadStepName, isOver: boolean): StepState {
  const distance = UPLOAD_STEPS.indexOf(name) - UPLOAD_STEPS.indexOf(current)
  if (distance < 0) return 'done'
  if (distance === 0) return isOver ? 'failed' : 'running'
  return isOver ? 'skipped' : 'pending'
}

function failedAt({ failure, width }: PhotoCard): UploadStepName {
  if (failure?.code === 'upload_expired' || failure?.code === 'upload_aborted') return 'arrival'
  if (failure?.code !== 'upload_cancelled') return 'validation'
  // An operator cancelled it either before or after its validation.
  return width === null ? 'arrival' : 'publication'
}
