import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import type { FanoutProgress } from '../../contracts/photo-fanout.ts'
import type { UploadStep } from '../../contracts/photo-upload.ts'
import type { UserId } from '../../domain/ids.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import type { Database } from '../../infra/db/database.ts'
import { isDistributionOwed } from '../distribution/completion.ts'
import type { PhotoCard } from '../photos/photo-cards.ts'
import { isOpen, settleSteps, stepsOfRow, type UploadEnd } from './steps-of-row.ts'
import { askFanout, askUpload, type WorkflowStanding } from './workflow-progress.ts'

/** How often a long poll checks at first, and later: a check asks Temporal four things. */
const POLL_INTERVAL_MS = { first: 300, growth: 1.25, longest: 2_000 }
/** An account may wait for this many photos at once per process; further polls are answered at once. */
const MAX_POLLS_PER_ACCOUNT = 20
/** After the URL has expired and a PUT under way has ended, no workflow will start any more. */
const LATE_START_MS = 60 * 60 * 1000

export interface PhotoProgress {
  status: PhotoStatus
  steps: UploadStep[]
  fanout?: { state: FanoutProgress['state']; followers: number; delivered: number }
}

interface WaitOptions {
  /** Returns once the progress changes or this time is over; at once if nothing will change. */
  waitSeconds: number
  /** Ends the wait at once when the client hangs up or the process is told to stop. */
  signal: AbortSignal
}

export interface ProgressReader {
  /** @param load reads the photo again, on the primary; throws once its owner may no longer see it */
  follow(load: () => Promise<PhotoCard>, options: WaitOptions): Promise<PhotoProgress>
}

interface Look {
  progress: PhotoProgress
  /** Whether the progress is final. */
  isSettled: boolean
  /** Every workflow that Temporal knows has told of itself. One whose workers are busy tells more at the next look. */
  isWhole: boolean
}

export function createProgress({ temporal, db }: { temporal: Client; db: Database }): ProgressReader {
  async function look(card: PhotoCard, load: () => Promise<PhotoCard>): Promise<Look> {
    const [upload, fanout] = await Promise.all([
      askUpload(temporal, card.photoId),
      card.status === 'ready' ? askFanout(temporal, card.photoId) : undefined,
    ])
    const end = endOf(upload.standing, card)
    // The workflow may have ended after the row was read.
    const row = end !== 'open' && isUnderWay(card.status) ? await load() : card
    const progress: PhotoProgress = {
      status: row.status,
      steps: await stepsOf(row, upload.told, end),
      ...(fanout?.told ? { fanout: shown(fanout.told) } : {}),
    }
    return {
      progress,
      isSettled: isSettled(progress, { upload: end, fanout: fanout?.standing ?? 'unknown' }),
      isWhole: [upload, fanout].every((asked) => !asked || asked.told || asked.standing === 'absent'),
    }
  }

  async function stepsOf(
    card: PhotoCard,
    told: UploadStep[] | undefined,
    end: UploadEnd,
  ): Promise<UploadStep[]> {
    if (told && (end === 'open' || !told.some(isOpen))) return told
    const isOwed = card.publishedAt !== null && (await isDistributionOwed(db.primary, card.photoId))
    const row = stepsOfRow(card, { end, isDistributionOwed: isOwed })
    return told ? settleSteps(told, row) : row
  }

  const polls = new Map<UserId, number>()

  async function poll(
    load: () => Promise<PhotoCard>,
    first: Look,
    { waitSeconds, signal }: WaitOptions,
  ): Promise<PhotoProgress> {
    const deadline = performance.now() + waitSeconds * 1000
    const before = JSON.stringify(first.progress)
    let latest = first
    let interval = POLL_INTERVAL_MS.first
    const isNews = () => latest.isSettled || JSON.stringify(latest.progress) !== before
    do {
      const rest = Math.min(interval, Math.max(0, deadline - performance.now()))
      interval = Math.min(interval * POLL_INTERVAL_MS.growth, POLL_INTERVAL_MS.longest)
      await delay(rest, undefined, { signal }).catch(() => undefined)
      if (!signal.aborted) latest = await look(await load(), load)
    } while (!isNews() && performance.now() < deadline && !signal.aborted)
    return latest.progress
  }

  return {
    async follow(load, options) {
      const card = await load()
      const first = await look(card, load)
      const { userId } = card.owner
      const waiting = polls.get(userId) ?? 0
      const isOver = first.isSettled && first.isWhole
      if (options.waitSeconds === 0 || isOver || waiting >= MAX_POLLS_PER_ACCOUNT) return first.progress
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

/** Whether the progress is final, because nothing in it will change by itself any more. */
export function isSettled(
  { status, steps, fanout }: PhotoProgress,
  known: { upload: UploadEnd; fanout: WorkflowStanding },
): boolean {
  // The row was read before the workflow was asked, so its status may lag behind the steps.
  if (isUnderWay(status) && known.upload === 'open') return false
  if (steps.some(isOpen)) return false
  // The step has only started the push; the state of the push may still be unknown.
  const pushStarted = steps.some(({ name, state }) => name === 'fanout' && state === 'done')
  const pushEnded = fanout?.state === 'done' || fanout?.state === 'cancelled'
  return !pushStarted || pushEnded || (known.fanout !== 'open' && known.fanout !== 'unknown')
}

/** Without a workflow, an upload either has not started yet or was forgotten after its end. */
export function endOf(
  standing: WorkflowStanding,
  { status, uploadExpiresAt }: Pick<PhotoCard, 'status' | 'uploadExpiresAt'>,
): UploadEnd {
  if (standing === 'completed' || standing === 'stopped') return standing
  if (standing !== 'absent') return 'open'
  const mayBegin = isUnderWay(status) && Date.now() < uploadExpiresAt.getTime() + LATE_START_MS
  return mayBegin ? 'open' : 'forgotten'
}

function isUnderWay(status: PhotoStatus): boolean {
  return status === 'awaiting_upload' || status === 'processing'
}

function shown({ state, followers, delivered }: FanoutProgress): NonNullable<PhotoProgress['fanout']> {
  return { state, followers, delivered }
}
