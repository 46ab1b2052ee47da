import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client'
import type { MediaActivities } from '../../contracts/activities/uploads-media.ts'
import type { SearchActivities } from '../../contracts/activities/search.ts'
import type { UploadActivities } from '../../contracts/activities/uploads.ts'
import { FANOUT_PROGRESS, photoFanoutWorkflowId, type FanoutProgress } from '../../contracts/photo-fanout.ts'
import {
  photoUploadWorkflowId,
  UPLOAD_PROGRESS,
  type UploadProgress,
  type UploadStep,
  type UploadStepName,
} from '../../contracts/photo-upload.ts'
import type { PhotoId } from '../../domain/ids.ts'

/** Temporal gets no more time than this to answer, as Postgres knows the essentials. */
const TEMPORAL_DEADLINE_MS = 800

/**
 * `open`: it is running. `completed`: it finished. `stopped`: it was terminated or cancelled, or failed.
 * `absent`: it has not started, or Temporal has forgotten it. `unknown`: Temporal did not answer.
 */
export type WorkflowStanding = 'open' | 'completed' | 'stopped' | 'absent' | 'unknown'

/** @template Told its own account; undefined if no worker answers for it */
export interface AskedWorkflow<Told> {
  standing: WorkflowStanding
  told: Told | undefined
}

type UploadActivity = keyof (UploadActivities & MediaActivities & SearchActivities)

const STEP_OF_ACTIVITY: Readonly<Partial<Record<UploadActivity, UploadStepName>>> = {
  claimUpload: 'arrival',
  validateOriginal: 'validation',
  publishPhoto: 'publication',
  renderVariants: 'variants',
  planVariants: 'variants',
  renderVariant: 'variants',
  indexPhoto: 'search',
  startFanout: 'fanout',
}

/** The steps of an upload, with the attempts of pending activities. */
export async function askUpload(temporal: Client, photoId: PhotoId): Promise<AskedWorkflow<UploadStep[]>> {
  const { standing, told, description } = await ask<UploadProgress>(
    temporal,
    photoUploadWorkflowId(photoId),
    UPLOAD_PROGRESS,
  )
  const attempts = new Map<UploadStepName, number>()
  for (const { activityType, attempt } of description?.raw.pendingActivities ?? []) {
    const name = STEP_OF_ACTIVITY[activityType?.name as UploadActivity]
    if (name) attempts.set(name, Math.max(attempts.get(name) ?? 0, attempt ?? 0))
  }
  const steps = told?.steps.map((step) => ({
    ...step,
    attempts: Math.max(step.attempts, attempts.get(step.name) ?? 0),
  }))
  return { standing, told: steps }
}

/** The progress of a photo's distribution; `cancelled` if its workflow was stopped. */
export async function askFanout(temporal: Client, photoId: PhotoId): Promise<AskedWorkflow<FanoutProgress>> {
  const { standing, told } = await ask<FanoutProgress>(
    temporal,
    photoFanoutWorkflowId(photoId),
    FANOUT_PROGRESS,
  )
  const isCutShort = standing === 'stopped' && told !== undefined && told.state !== 'done'
  return { standing, told: isCutShort ? { ...told, state: 'cancelled' } : told }
}

/** Progress is a courtesy: it has fewer details while Temporal or its workers are down. */
async function ask<Told>(
  temporal: Client,
  workflowId: string,
  query: string,
): Promise<AskedWorkflow<Told> & { description: WorkflowExecutionDescription | undefined }> {
  const handle = temporal.workflow.getHandle(workflowId)
  const [described, told] = await temporal.withDeadline(Date.now() + TEMPORAL_DEADLINE_MS, () =>
    Promise.allSettled([handle.describe(), handle.query<Told>(query)]),
  )
  return {
    standing:
      described.status === 'fulfilled' ? standingOf(described.value) : absentOrUnknown(described.reason),
    told: told.status === 'fulfilled' ? told.value : undefined,
    description: described.status === 'fulfilled' ? described.value : undefined,
  }
}

function standingOf({ status }: WorkflowExecutionDescription): WorkflowStanding {
  switch (status.name) {
    case 'COMPLETED':
      return 'completed'
    case 'FAILED':
    case 'CANCELLED':
    case 'TERMINATED':
    case 'TIMED_OUT':
      return 'stopped'
    default:
      return 'open'
  }
}

function absentOrUnknown(error: unknown): WorkflowStanding {
  return error instanceof WorkflowNotFoundError ? 'absent' : 'unknown'
}
