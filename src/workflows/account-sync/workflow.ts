import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  sleep,
} from '@temporalio/workflow'
import {
  ACCOUNT_CHANGED,
  ACCOUNT_SYNC_PROGRESS,
  type AccountSyncInput,
  type AccountSyncProgress,
} from '../../contracts/account-sync.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { openEdgeLanes } from '../edge-lanes.ts'
import { openLanes, runToEnd } from '../lanes.ts'
import { steps } from './steps.ts'

const accountChanged = defineSignal(ACCOUNT_CHANGED)
const accountSyncProgress = defineQuery<AccountSyncProgress>(ACCOUNT_SYNC_PROGRESS)

/** How long photos wait for all edges to deny the account first. */
const DENY_FIRST_MS = 5_000
/** Between two looks at whether the photos of a batch are proven; twice as long each time. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 5 * 60 * 1000

/** Reconciles what is derived from an account's photos with the account, until it stands still (contracts/account-sync.ts). */
export async function accountSync(
  input: AccountSyncInput,
  before?: AccountSyncProgress,
): Promise<AccountSyncProgress> {
  let sync!: ReturnType<typeof openSync>
  const isDone = await runToEnd(() => {
    sync = openSync(input, before)
    return sync.run()
  })
  if (!isDone) await continueAsNew<typeof accountSync>(input, sync.progress)
  return sync.progress
}

type Plan = Awaited<ReturnType<typeof steps.plan>>

function openSync({ userId }: AccountSyncInput, before: AccountSyncProgress | undefined) {
  const progress: AccountSyncProgress = before ?? {
    state: 'running',
    syncedEpoch: -1,
    withdrawn: 0,
    indexed: 0,
    approved: 0,
  }
  let plan: Plan | undefined
  /** The epoch of the account that each lane has last worked by. */
  const epochs = { photos: progress.syncedEpoch, search: progress.syncedEpoch }

  const lanes = openLanes(show)
  const edges = openEdgeLanes({
    lanes,
    wanted: () => (plan && plan.minEpoch !== null ? { minEpoch: plan.minEpoch, gone: 0 } : undefined),
    // The photos' own workflows delete objects, and prove it.
    areObjectsGone: () => proof.isIdle(),
    async refuse(edge) {
      const minEpoch = plan!.minEpoch!
      await steps.deny(edge)({ edge, userId, minEpoch })
      return { minEpoch, gone: 0 }
    },
  })

  const planner = lanes.open(async () => {
    plan = await steps.plan({ userId })
    edges.wake(plan.edges)
    if (plan.minEpoch !== null) proof.wake()
    if (plan.accessEpoch !== epochs.search) search.wake()
    if (plan.accessEpoch !== epochs.photos) photos.wake()
    if (plan.isOpen) requests.wake()
  })

  const photos = lanes.open(async () => {
    const { accessEpoch, minEpoch } = plan!
    if (minEpoch !== null) {
      await condition(edges.haveDenied, DENY_FIRST_MS)
      await forEachBatch(async (after) => {
        const { next, withdrawn } = await steps.withdraw({ userId, after })
        progress.withdrawn += withdrawn
        return next
      })
    }
    epochs.photos = accessEpoch
  })

  const search = lanes.open(async () => {
    const { accessEpoch } = plan!
    await forEachBatch(async (after) => {
      const { next, indexed } = await steps.index({ userId, after })
      progress.indexed += indexed
      return next
    })
    epochs.search = accessEpoch
  })

  const requests = lanes.open(async () => {
    for (let approved = 1; approved > 0; progress.approved += approved)
      approved = await steps.approveWaiting({ userId })
  })

  const proof = lanes.open(async () => {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      await condition(() => photos.isIdle() && edges.areIdle())
      const minEpoch = plan!.minEpoch
      if (minEpoch === null || !edges.haveConfirmed()) return
      if (await steps.recordProof({ userId, minEpoch })) return
      await sleep(pauseMs, { summary: 'Photos are not yet proven to be refused' })
    }
  })

  /** In the order of their ids; a batch that did nothing waits for the workflows of those before it. */
  async function forEachBatch(work: (after: PhotoId | null) => Promise<PhotoId | null>): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS
    for (let after: PhotoId | null = null; ;) {
      const next = await work(after)
      if (next === null) return
      if (next === after) {
        await sleep(pauseMs, { summary: 'Photos of earlier batches are under way' })
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
      } else pauseMs = FIRST_PAUSE_MS
      after = next
    }
  }

  function show(): void {
    const { state, withdrawn, indexed, approved } = progress
    setCurrentDetails(
      [
        `${state}, account at epoch ${plan?.accessEpoch}; revoked the URLs of ${withdrawn} photos, wrote ${indexed} search documents, approved ${approved} requests`,
        '',
        '| lane | state |',
        '|---|---|',
        ...Object.entries(epochs).map(([lane, epoch]) => `| ${lane} | in line with epoch ${epoch} |`),
        ...edges.describe(),
      ].join('\n'),
    )
  }

  setHandler(accountChanged, () => planner.wake(), { description: 'The account has changed' })
  setHandler(accountSyncProgress, () => progress, { description: 'What was brought in line' })

  return {
    progress,
    /** Ends when every lane stands still. */
    async run(): Promise<void> {
      planner.wake()
      await lanes.standStill()
      progress.syncedEpoch = plan!.accessEpoch
      progress.state = 'done'
      show()
    },
  }
}
