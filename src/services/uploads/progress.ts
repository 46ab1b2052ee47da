import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { FANOUT_PROGRESS, photoFanoutWorkflowId, type FanoutProgress } from '../../contracts/photo-fanout.ts'
import {
  photoUploadWorkflowId,
  UPLOAD_PROGRESS,
  UPLOAD_STEPS,
  type StepState,
  type UploadProgress,
  type UploadStep,
  type UploadStepName,
} from '../../contracts/photo-upload.ts'
import { VARIANT_SPECS } from '../../domain/variants.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import type { PhotoCard } from '../photos/photo-cards.ts'

/** What Temporal says beyond this is not waited for: Postgres knows the essentials. */
const TEMPORAL_DEADLINE_MS = 800
/** How often a long poll looks at first, and later: a look asks Temporal three things, and an account has many polls. */
const POLL_INTERVAL_MS = { first: 300, growth: 1.25, longest: 2_000 }
/** A process lets one account wait for so many photos at a time; more are answered at once, as `wait` allows. */
const MAX_POLLS_PER_ACCOUNT = 20

export interface PhotoProgress {
  status: PhotoStatus
  steps: UploadStep[]
  fanout?: { state: FanoutProgress['state']; followers: number; delivered: number }
}

interface WaitOptions {
  /** Returns as soon as the progress differs from what it was, at the latest after this; at once when nothing will change. */
  waitSeconds: number
  /** Ends the wait at once: the client has gone, or the process is told to stop. */
  signal: AbortSignal
}

export interface ProgressReader {
  /** @param load reads the photo anew; throws once its owner may no longer see it */
  follow(load: () => Promise<PhotoCard>, options: WaitOptions): Promise<PhotoProgress>
}

export function createProgress({ temporal }: { temporal: Client }): ProgressReader {
  async function read(card: PhotoCard): Promise<PhotoProgress> {
    const [upload, fanout] = await Promise.all([
      uploadProgress(temporal, card.photoId),
      card.status === 'ready' ? fanoutProgress(temporal, card.photoId) : undefined,
    ])
    return {
      status: card.status,
      steps: upload ?? stepsOfRow(card),
      ...(fanout
        ? { fanout: { state: fanout.state, followers: fanout.followers, delivered: fanout.delivered } }
        : {}),
    }
  }

  const polls = new Map<UserId, number>()

  async function poll(
    load: () => Promise<PhotoCard>,
    first: PhotoProgress,
    { waitSeconds, signal }: WaitOptions,
  ): Promise<PhotoProgress> {
    const deadline = performance.now() + waitSeconds * 1000
    const before = JSON.stringify(first)
    let latest = first
    let interval = POLL_INTERVAL_MS.first
    while (JSON.stringify(latest) === before && performance.now() < deadline && !signal.aborted) {
      const rest = Math.min(interval, Math.max(0, deadline - performance.now()))
      interval = Math.min(interval * POLL_INTERVAL_MS.growth, POLL_INTERVAL_MS.longest)
      await delay(rest, undefined, { signal }).catch(() => undefined)
      if (!signal.aborted) latest = await read(await load())
    }
    return latest
  }

  return {
    async follow(load, options) {
      const card = await load()
      const first = await read(card)
      const { userId } = card.owner
      const waiting = polls.get(userId) ?? 0
      if (options.waitSeconds === 0 || isSettled(first) || waiting >= MAX_POLLS_PER_ACCOUNT) return first
      polls.set(userId, waiting + 1)
      try {
        return await poll(load, first, options)
      } finally {
        const left = polls.get(userId)! - 1
        if (left === 0) polls.delete(userId)
        else polls.set(userId, left)
      }
    },
  }
}

/** Whether nothing of it will change by itself any more: there is nothing to wait for. */
export function isSettled({ status, steps, fanout }: PhotoProgress): boolean {
  // The row was read before the workflow was asked: its status may still be about to follow the steps.
  if (status === 'awaiting_upload' || status === 'processing') return false
  if (steps.some(({ state }) => state === 'pending' || state === 'running')) return false
  // The step has only started the push, whose own state may be unknown for the moment.
  const pushStarted = steps.some(({ name, state }) => name === 'fanout' && state === 'done')
  return !pushStarted || fanout?.state === 'done' || fanout?.state === 'cancelled'
}

/** The workflow's own account of its steps, with the attempts of what it waits for; undefined if it cannot be asked. */
async function uploadProgress(temporal: Client, photoId: PhotoId): Promise<UploadStep[] | undefined> {
  const handle = temporal.workflow.getHandle(photoUploadWorkflowId(photoId))
  const asked = await soon(temporal, () =>
    Promise.all([handle.query<UploadProgress>(UPLOAD_PROGRESS), handle.describe()]),
  )
  if (!asked) return undefined
  const [progress, description] = asked
  const attempts = new Map<UploadStepName, number>()
  for (const { activityType, attempt } of description.raw.pendingActivities ?? []) {
    const name = STEP_OF_ACTIVITY[activityType?.name ?? '']
    if (name) attempts.set(name, Math.max(attempts.get(name) ?? 0, attempt ?? 0))
  }
  return progress.steps.map((step) => ({
    ...step,
    attempts: Math.max(step.attempts, attempts.get(step.name) ?? 0),
  }))
}

const STEP_OF_ACTIVITY: Readonly<Record<string, UploadStepName>> = {
  claimUpload: 'arrival',
  validateOriginal: 'validation',
  publishPhoto: 'publication',
  renderVariants: 'variants',
  renderVariant: 'variants',
  indexPhoto: 'search',
  startFanout: 'fanout',
}

async function fanoutProgress(temporal: Client, photoId: PhotoId): Promise<FanoutProgress | undefined> {
  const handle = temporal.workflow.getHandle(photoFanoutWorkflowId(photoId))
  return soon(temporal, () => handle.query<FanoutProgress>(FANOUT_PROGRESS))
}

/** Progress is a courtesy: with Temporal or its workers away, or the workflow gone after its retention, there is less. */
async function soon<T>(temporal: Client, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await temporal.withDeadline(Date.now() + TEMPORAL_DEADLINE_MS, ask)
  } catch {
    return undefined
  }
}

/** What Postgres alone knows of the steps. */
export function stepsOfRow(card: PhotoCard): UploadStep[] {
  const rendered = card.variants.filter((variant) => variant.variant !== 'original').length
  const detail = `${rendered} of ${VARIANT_SPECS.length}`
  return UPLOAD_STEPS.map((name) => ({
    name,
    state: stateOfRow(name, card, rendered),
    attempts: 0,
    ...(name === 'variants' && card.status === 'ready' ? { detail } : {}),
  }))
}

function stateOfRow(name: UploadStepName, card: PhotoCard, rendered: number): StepState {
  const published = card.publishedAt !== null
  switch (card.status) {
    case 'awaiting_upload':
      return name === 'arrival' ? 'running' : 'pending'
    case 'processing':
      if (name === 'arrival') return 'done'
      return name === 'validation' ? 'running' : 'pending'
    case 'failed': {
      const failedAt = card.failure?.code === 'upload_expired' ? 'arrival' : 'validation'
      if (name === failedAt) return 'failed'
      return name === 'arrival' ? 'done' : 'skipped'
    }
    default:
      if (!published) return 'skipped'
      if (name === 'variants') return rendered >= VARIANT_SPECS.length ? 'done' : 'running'
      return name === 'search' || name === 'fanout' ? 'running' : 'done'
  }
}
