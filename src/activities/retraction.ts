import { activityInfo, cancellationSignal } from '@temporalio/activity'
import type {
  RetractionActivities,
  SyncActivitiesV02,
  SyncPlanV02,
} from '../contracts/activities/retraction.ts'
import { measureRefusal, type RefusalStep } from '../observability/retraction-events.ts'
import type { Retraction } from '../services/retraction/module.ts'
import type { Delivery } from '../services/delivery/module.ts'
import { asActivities } from './failures.ts'

/** The steps of photoSync, accountSync and audienceSync. */
export function createRetractionActivities(
  { plan, refusals, objects, proofs, withdraw, erasures }: Retraction,
  { starts, outbox }: Delivery,
): RetractionActivities {
  return asActivities<RetractionActivities>({
    planPhotoSync: async ({ photoId }) => ({
      ...(await plan.photo(photoId)),
      edges: [...refusals.edges],
      fronts: [...refusals.fronts],
    }),
    stopUpload: ({ photoId }) => starts.stopUpload(photoId),
    refusePhotoAtEdge: (refusal) =>
      measured(refusal.gone.length > 0 ? 'prove' : 'deny', () => refusals.refusePhoto(refusal)),
    moveVariant: ({ photoId, stale }) => objects.move(photoId, stale),
    sweepVariants: ({ photoId }) => objects.sweep(photoId),
    deletePhotoObjects: ({ photoId }) => objects.deleteAll(photoId),
    scrubPhoto: ({ photoId }) => erasures.scrub(photoId, cancellationSignal()),
    recordErasure: ({ photoId, removed }) => erasures.record(photoId, removed),
    reconcileDistribution: (input) => starts.reconcileDistribution(input),
    recordPhotoProof: async ({ photoId, minEpoch }) => void (await proofs.photo(photoId, minEpoch)),
    planAccountSync: async ({ userId }) => ({ ...(await plan.account(userId)), edges: [...refusals.edges] }),
    denyAccountAtEdge: ({ edge, userId, minEpoch }) =>
      measured('deny', () => refusals.denyAccount(edge, userId, minEpoch)),
    async withdrawPhotos({ userId, after }) {
      const { batch, outboxIds } = await withdraw(userId, after)
      await outbox.dispatch(outboxIds)
      return batch
    },
    recordAccountProof: ({ userId, minEpoch }) => proofs.account(userId, minEpoch),
    planAudienceSync: async ({ userId }) => ({
      minEpoch: await plan.audience(userId),
      edges: [...refusals.edges],
    }),
    denyAudienceAtEdge: ({ edge, userId, minEpoch }) =>
      measured('deny', () => refusals.denyAudience(edge, userId, minEpoch)),
    recordAudienceProof: async ({ userId, minEpoch }) => void (await proofs.audience(userId, minEpoch)),
  })
}

/** The steps of photoSync under the names of v0.2, made of the present ones. */
export function createSyncActivitiesV02({ plan, refusals, objects }: Retraction): SyncActivitiesV02 {
  const atEveryEdge = async (refusal: Omit<Parameters<typeof refusals.refusePhoto>[0], 'edge'>) => {
    const settled = await Promise.allSettled(
      [...refusals.edges, ...refusals.fronts].map((edge) => refusals.refusePhoto({ ...refusal, edge })),
    )
    let purged = 0
    for (const outcome of settled) {
      if (outcome.status === 'rejected') throw outcome.reason
      purged += outcome.value.purged
    }
    return { purged }
  }
  return asActivities<SyncActivitiesV02>({
    async planSync({ photoId }): Promise<SyncPlanV02> {
      const { state, version, accessEpoch, stale, wasPublished } = await plan.photo(photoId)
      if (state === 'deleted') return { state, version, accessEpoch, wasPublished }
      return state === 'published'
        ? { state, version, accessEpoch, stale }
        : { state: 'unpublished', version }
    },
    denyAtEdges: async ({ photoId, minEpoch }) =>
      void (await atEveryEdge({ photoId, minEpoch, standing: [], gone: [] })),
    async moveVariants({ photoId, stale }) {
      const moved = await Promise.all(stale.map((each) => objects.move(photoId, each)))
      const isSuperseded = moved.some(({ outcome }) => outcome === 'superseded')
      return {
        outcome: isSuperseded ? 'superseded' : 'moved',
        removed: moved.flatMap(({ removed }) => removed),
      }
    },
    listObjects: ({ photoId }) => objects.list(photoId),
    deleteObjects: async ({ photoId }) => void (await objects.deleteAll(photoId)),
    async refuseAtEdges({ photoId, keys }) {
      const { accessEpoch } = await plan.photo(photoId)
      return atEveryEdge({ photoId, minEpoch: accessEpoch, standing: [], gone: keys })
    },
  })
}

/** Measures an attempt as part of its activity, whose id and first schedule time stay the same over all attempts. */
export function measured<Result>(step: RefusalStep, attempt: () => Promise<Result>): Promise<Result> {
  const { workflowExecution, activityId, scheduledTimestampMs } = activityInfo()
  const key = `${workflowExecution?.runId}/${activityId}`
  return measureRefusal({ key, step, since: scheduledTimestampMs }, attempt)
}
