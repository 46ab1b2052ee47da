import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow'
import {
  PHOTO_CHANGED,
  SYNC_PROGRESS,
  type PhotoSyncInput,
  type SyncProgress,
} from '../../contracts/photo-sync.ts'
import { openEdgeLanes } from '../edge-lanes.ts'
import { openLanes, runToEnd } from '../lanes.ts'
import { chainOfV02 } from './chain-of-v02.ts'
import { steps } from './steps.ts'

const photoChanged = defineSignal(PHOTO_CHANGED)
const syncProgress = defineQuery<SyncProgress>(SYNC_PROGRESS)

/** Search, distribution, storage and each edge go their own ways since v0.3 (docs/adr/0020). */
const RETRACTION_LANES = 'retraction-lanes'
/** A deletion empties the row and leaves a receipt since v0.3 (docs/adr/0037). */
const ERASURE = 'erasure'
/** The copy for downloads is made when its owner allows them since v0.3 (docs/adr/0038). */
const DOWNLOADS = 'downloads'

/** How long objects wait for all edges to deny first. An edge that is down finds nothing to fetch when it is back. */
const DENY_FIRST_MS = 5_000

/**
 * Reconciles what is derived from a photo with its row, until the row stands still (contracts/photo-sync.ts).
 * @param before of the run that this one continues
 * @param gone keys of objects that the earlier run deleted, and that not every edge has proven to refuse
 */
export async function photoSync(
  input: PhotoSyncInput,
  before?: SyncProgress,
  gone?: string[],
): Promise<SyncProgress> {
  if (!patched(RETRACTION_LANES)) return chainOfV02(input, before)
  let sync!: ReturnType<typeof openSync>
  const isDone = await runToEnd(() => {
    sync = openSync(input, before, gone)
    return sync.run()
  })
  if (!isDone) await continueAsNew<typeof photoSync>(input, sync.progress(), sync.gone())
  return sync.progress()
}

type Plan = Awaited<ReturnType<typeof steps.plan>>

const NOTHING_REMOVED: SyncProgress['removed'] = { objects: 0, edgePaths: 0, searchDocuments: 0 }

function openSync(
  input: PhotoSyncInput,
  before: SyncProgress | undefined,
  goneBefore: readonly string[] = [],
) {
  const { photoId } = input
  const removed = { ...(before?.removed ?? NOTHING_REMOVED) }
  const gone = new Set(goneBefore)
  let state: SyncProgress['state'] = 'running'
  let plan: Plan | undefined
  /** The version of the row that each lane has last worked by. */
  const versions = { search: -1, distribution: -1, objects: -1 }

  const lanes = openLanes(show)
  const edges = openEdgeLanes({
    lanes,
    wanted: () => (plan && plan.minEpoch !== null ? { minEpoch: plan.minEpoch, gone: gone.size } : undefined),
    areObjectsGone: () => objects.isIdle(),
    async refuse(edge) {
      const minEpoch = plan!.minEpoch!
      const keys = [...gone]
      const standing = plan!.stale.map(({ objectKey }) => objectKey).filter((key) => !gone.has(key))
      const { purged } = await steps.refuse(edge)({ edge, photoId, minEpoch, standing, gone: keys })
      removed.edgePaths += purged
      return { minEpoch, gone: keys.length }
    },
  })

  const planner = lanes.open(async () => {
    plan = await steps.plan({ photoId })
    edges.wake(plan.edges, plan.fronts)
    if (plan.minEpoch !== null) proof.wake()
    if (plan.version !== versions.objects || plan.stale.length > 0) {
      objects.wake()
      if (plan.state === 'deleted') upload.wake()
    }
    if (plan.state === 'deleted') receipt.wake()
    if (plan.missing?.length && patched(DOWNLOADS)) missing.wake()
    if (plan.wasPublished && plan.version !== versions.search) search.wake()
    if (plan.wasPublished && plan.version !== versions.distribution) distribution.wake()
  })

  const search = lanes.open(async () => {
    const { version } = plan!
    const { state, changed } = await steps.index({ photoId })
    if (state === 'removed' && changed) removed.searchDocuments++
    versions.search = version
  })

  const distribution = lanes.open(async () => {
    const { version } = plan!
    await steps.reconcileDistribution(input)
    versions.distribution = version
  })

  const missing = lanes.open(async () => {
    for (const { variant, format } of plan!.missing ?? []) {
      try {
        await steps.renderMissing(`${variant}.${format}`)({ photoId, variant, format })
      } catch (error) {
        // It stays missing, as after an upload that cannot make it; nothing else depends on it.
        if (isCancellation(error)) throw error
      }
    }
  })

  const upload = lanes.open(async () => {
    await steps.stopUpload({ photoId })
  })

  const objects = lanes.open(async () => {
    const { version, state, minEpoch, stale } = plan!
    if (minEpoch !== null) await condition(edges.haveDenied, DENY_FIRST_MS)
    if (state === 'deleted') {
      remove(await steps.deleteObjects({ photoId }))
      if (patched(ERASURE)) await steps.scrub({ photoId })
    } else if (minEpoch !== null) {
      await Promise.all(stale.map(move))
      remove(await steps.sweep({ photoId }))
    }
    versions.objects = version
  })

  const proof = lanes.open(async () => {
    await condition(() => objects.isIdle() && edges.areIdle())
    const minEpoch = plan!.minEpoch
    if (minEpoch !== null && edges.haveConfirmed()) await steps.recordProof({ photoId, minEpoch })
  })

  /** The last lane: what it confirms is what the others have done. */
  const receipt = lanes.open(async () => {
    await condition(() => [search, distribution, upload, objects, proof].every((lane) => lane.isIdle()))
    const isProven = plan!.minEpoch === null || edges.haveConfirmed()
    if (isProven && patched(ERASURE)) await steps.recordErasure({ photoId, removed })
  })

  /** One variant whose object cannot be moved holds up neither the others nor their proofs. */
  async function move(stale: Plan['stale'][number]): Promise<void> {
    const { variant, format } = stale
    const moved = await steps.move(`${variant}.${format}`)({ photoId, stale })
    remove(moved.removed)
    if (moved.outcome !== 'missing') return
    const again = lanes.open(async () => {
      await steps.renderAgain(`${variant}.${format}`)({ photoId, variant, format })
    })
    again.wake()
  }

  function remove(keys: readonly string[]): void {
    const before = gone.size
    for (const key of keys) gone.add(key)
    if (gone.size === before) return
    removed.objects += gone.size - before
    edges.wake()
  }

  function progress(): SyncProgress {
    const syncedVersion = plan?.wasPublished ? Math.min(...Object.values(versions)) : versions.objects
    return { state, syncedVersion, removed: { ...removed } }
  }

  function show(): void {
    const { objects, edgePaths, searchDocuments } = removed
    setCurrentDetails(
      [
        `${state}, row at version ${plan?.version}; removed ${objects} objects, ${edgePaths} edge entries, ${searchDocuments} search documents`,
        '',
        '| lane | state |',
        '|---|---|',
        ...Object.entries(versions).map(([lane, version]) => `| ${lane} | in line with version ${version} |`),
        ...edges.describe(),
      ].join('\n'),
    )
  }

  setHandler(photoChanged, () => planner.wake(), { description: 'The row has changed' })
  setHandler(syncProgress, progress, { description: 'What was brought in line, and what was removed' })

  return {
    progress,
    gone: () => [...gone],
    /** Ends when every lane stands still. */
    async run(): Promise<void> {
      planner.wake()
      await lanes.standStill()
      state = 'done'
      show()
    },
  }
}
