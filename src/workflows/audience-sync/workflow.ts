import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow'
import {
  AUDIENCE_NARROWED,
  AUDIENCE_SYNC_PROGRESS,
  type AudienceSyncInput,
  type AudienceSyncProgress,
} from '../../contracts/audience-sync.ts'
import { openEdgeLanes } from '../edge-lanes.ts'
import { openLanes, runToEnd } from '../lanes.ts'
import { steps } from './steps.ts'

const audienceNarrowed = defineSignal(AUDIENCE_NARROWED)
const audienceSyncProgress = defineQuery<AudienceSyncProgress>(AUDIENCE_SYNC_PROGRESS)

/**
 * Has every edge refuse what an account's followers were given before one of them was turned away, until all have confirmed
 * it (contracts/audience-sync.ts). No object moves: these URLs end within ten minutes, and a denial lasts an hour.
 */
export async function audienceSync(
  input: AudienceSyncInput,
  before?: AudienceSyncProgress,
): Promise<AudienceSyncProgress> {
  let sync!: ReturnType<typeof openSync>
  const isDone = await runToEnd(() => {
    sync = openSync(input, before)
    return sync.run()
  })
  if (!isDone) await continueAsNew<typeof audienceSync>(input, sync.progress)
  return sync.progress
}

type Plan = Awaited<ReturnType<typeof steps.plan>>

function openSync({ userId }: AudienceSyncInput, before: AudienceSyncProgress | undefined) {
  const progress: AudienceSyncProgress = before ?? { state: 'running', provenEpoch: 0 }
  let plan: Plan | undefined

  const lanes = openLanes(show)
  const edges = openEdgeLanes({
    lanes,
    wanted: () => (plan && plan.minEpoch !== null ? { minEpoch: plan.minEpoch, gone: 0 } : undefined),
    // What is denied has ended before the denial does.
    areObjectsGone: () => true,
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
  })

  const proof = lanes.open(async () => {
    await condition(edges.areIdle)
    const minEpoch = plan!.minEpoch
    if (minEpoch === null || !edges.haveConfirmed()) return
    await steps.recordProof({ userId, minEpoch })
    progress.provenEpoch = minEpoch
  })

  function show(): void {
    setCurrentDetails(
      [
        `${progress.state}, signed URLs below epoch ${plan?.minEpoch ?? progress.provenEpoch} are to be refused`,
        '',
        '| lane | state |',
        '|---|---|',
        ...edges.describe(),
      ].join('\n'),
    )
  }

  setHandler(audienceNarrowed, () => planner.wake(), { description: 'A follower was turned away' })
  setHandler(audienceSyncProgress, () => progress, { description: 'What is refused' })

  return {
    progress,
    /** Ends when every lane stands still. */
    async run(): Promise<void> {
      planner.wake()
      await lanes.standStill()
      progress.state = 'done'
      show()
    },
  }
}
