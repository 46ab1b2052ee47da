import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import {
  PHOTO_CHANGED,
  SYNC_PROGRESS,
  type PhotoSyncInput,
  type SyncProgress,
} from '../../contracts/photo-sync.ts'
import { steps } from './steps-of-v02.ts'
import type { photoSync } from './workflow.ts'

const photoChanged = defineSignal(PHOTO_CHANGED)
const syncProgress = defineQuery<SyncProgress>(SYNC_PROGRESS)

/**
 * How long objects stay while edges deny their epoch. An edge that is up denies within a second; one that is down must
 * not delay the removal, because without the objects it has nothing to fetch when it is back.
 */
const DENY_FIRST_MS = 5_000

/** What runs do that v0.2 or earlier began: all in one round. Goes when none of them is open any more (docs/adr/0013). */
export async function chainOfV02(input: PhotoSyncInput, before?: SyncProgress): Promise<SyncProgress> {
  const sync = openSync(before)
  for (;;) {
    // Pending signals need not be carried over: the new run begins by reading the row.
    if (workflowInfo().continueAsNewSuggested && sync.proofsPending() === 0) {
      await continueAsNew<typeof photoSync>(input, sync.progress())
    }
    sync.takeSignals()
    const plan = await steps.plan(input)
    const isNews =
      plan.version !== sync.syncedVersion() || (plan.state === 'published' && plan.stale.length > 0)
    if (isNews) {
      if (plan.state === 'deleted') await retract(input, plan, sync)
      if (plan.state === 'published') await bringInLine(input, plan, sync)
      sync.reached(plan.version)
      continue
    }
    // Edges that are down must not hold up the next change, so their proofs are awaited last.
    await condition(() => sync.hasSignals() || sync.proofsPending() === 0)
    if (!sync.hasSignals()) return sync.end()
  }
}

type Plan = Awaited<ReturnType<typeof steps.plan>>
type Published = Extract<Plan, { state: 'published' }>
type Deleted = Extract<Plan, { state: 'deleted' }>

/** State and handlers. */
function openSync(before: SyncProgress | undefined) {
  const progress: SyncProgress = before ?? {
    state: 'running',
    syncedVersion: -1,
    removed: { objects: 0, edgePaths: 0, searchDocuments: 0 },
  }
  let signals = 0
  let proofs = 0
  let failure: Error | undefined
  setHandler(
    photoChanged,
    () => {
      signals++
    },
    { description: 'The row has changed' },
  )
  setHandler(syncProgress, () => progress, { description: 'What was brought in line, and what was removed' })

  function show(): void {
    const { objects, edgePaths, searchDocuments } = progress.removed
    setCurrentDetails(
      `${progress.state}, in line with version ${progress.syncedVersion}; removed ${objects} objects, ` +
        `${edgePaths} edge entries, ${searchDocuments} search documents; ${proofs} proofs pending`,
    )
  }

  return {
    progress: () => progress,
    hasSignals: () => signals > 0,
    takeSignals() {
      signals = 0
    },
    syncedVersion: () => progress.syncedVersion,
    reached(version: number) {
      progress.syncedVersion = version
      show()
    },
    removed(what: keyof SyncProgress['removed'], count: number) {
      progress.removed[what] += count
      show()
    },
    proofsPending: () => proofs,
    /** Lets a proof continue in the background; the workflow does not end before it has settled. */
    prove(proof: Promise<unknown>) {
      proofs++
      proof
        .catch((error: unknown) => {
          failure = error as Error
        })
        .finally(() => {
          proofs--
          show()
        })
    },
    /** @throws the error of a proof that has failed permanently */
    end(): SyncProgress {
      if (failure) throw failure
      progress.state = 'done'
      show()
      return progress
    },
  }
}
type Sync = ReturnType<typeof openSync>

/**
 * After an edit, a widening or a narrowing: updates search and feeds and, if the access epoch has risen, objects and
 * edges.
 */
async function bringInLine(input: PhotoSyncInput, plan: Published, sync: Sync): Promise<void> {
  await Promise.all([
    steps.index(input),
    steps.reconcileDistribution(input),
    plan.stale.length > 0 ? narrow(input, plan, sync) : undefined,
  ])
}

async function narrow({ photoId }: PhotoSyncInput, plan: Published, sync: Sync): Promise<void> {
  const { accessEpoch, stale } = plan
  const denied = steps.deny({ photoId, minEpoch: accessEpoch })
  await Promise.race([denied, sleep(DENY_FIRST_MS, { summary: 'Edges deny first' })])
  const { removed } = await steps.move({ photoId, accessEpoch, stale })
  sync.removed('objects', removed.length)
  sync.prove(removed.length > 0 ? refuse(photoId, removed, denied, sync) : denied)
}

/** After a deletion: removes the photo from every store. */
async function retract(input: PhotoSyncInput, plan: Deleted, sync: Sync): Promise<void> {
  const { photoId } = input
  const denied = plan.wasPublished
    ? steps.deny({ photoId, minEpoch: plan.accessEpoch + 1 })
    : Promise.resolve()
  await Promise.all([
    steps.stopUpload(input),
    plan.wasPublished ? unindex(input, sync) : undefined,
    plan.wasPublished ? steps.reconcileDistribution(input) : undefined,
    removeObjects(photoId, denied, sync),
  ])
}

async function unindex(input: PhotoSyncInput, sync: Sync): Promise<void> {
  const { state, changed } = await steps.index(input)
  if (state === 'removed' && changed) sync.removed('searchDocuments', 1)
}

async function removeObjects(photoId: string, denied: Promise<unknown>, sync: Sync): Promise<void> {
  await Promise.race([denied, sleep(DENY_FIRST_MS, { summary: 'Edges deny first' })])
  const keys = await steps.listObjects({ photoId })
  await steps.deleteObjects({ photoId, keys })
  sync.removed('objects', keys.length)
  sync.prove(refuse(photoId, keys, denied, sync))
}

/**
 * Purges the edges and has them prove that they refuse, even before they deny: without the objects a purged URL is
 * refused too, and an edge with a full deny table must not serve until it has room. If the denial comes later, purges
 * again, because a fetch under way may have filled the cache before it.
 */
async function refuse(photoId: string, keys: string[], denied: Promise<unknown>, sync: Sync): Promise<void> {
  let isDenied = false
  const denial = denied.then(() => {
    isDenied = true
  })
  // Lets the handler above run if the denial has already arrived.
  await Promise.resolve()
  const wasDenied = isDenied
  const { purged } = await steps.refuse({ photoId, keys })
  sync.removed('edgePaths', purged)
  await denial
  if (!wasDenied) await steps.refuse({ photoId, keys })
}
