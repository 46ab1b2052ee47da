import {
  WorkflowExecutionAlreadyStartedError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client'
import { ACCOUNT_EXPORT, accountExportWorkflowId, EXPORT_CHANGED } from '../../contracts/account-export.ts'
import {
  ACCOUNT_ERASURE,
  accountErasureWorkflowId,
  ERASURE_CHANGED,
} from '../../contracts/account-erasure.ts'
import {
  ACCOUNT_STANDING,
  accountStandingWorkflowId,
  STANDING_CHANGED,
} from '../../contracts/account-standing.ts'
import { ACCOUNT_CHANGED, ACCOUNT_SYNC, accountSyncWorkflowId } from '../../contracts/account-sync.ts'
import { AVATAR_CHANGED, AVATAR_UPLOAD, avatarUploadWorkflowId } from '../../contracts/avatar-upload.ts'
import { AUDIENCE_NARROWED, AUDIENCE_SYNC, audienceSyncWorkflowId } from '../../contracts/audience-sync.ts'
import { CASE_CHANGED, MODERATION_CASE, moderationCaseWorkflowId } from '../../contracts/moderation-case.ts'
import {
  NOTIFICATION_WRITER,
  NOTIFICATIONS_OWED,
  notificationWriterWorkflowId,
} from '../../contracts/notification-writer.ts'
import type { OutboxMessage } from '../../contracts/outbox.ts'
import {
  DISTRIBUTION_CHANGED,
  PHOTO_FANOUT,
  photoFanoutWorkflowId,
  type PhotoFanoutInput,
} from '../../contracts/photo-fanout.ts'
import { PHOTO_CHANGED, PHOTO_SYNC, photoSyncWorkflowId } from '../../contracts/photo-sync.ts'
import {
  ORIGINAL_ARRIVED,
  PHOTO_DELETED,
  PHOTO_UPLOAD,
  photoUploadWorkflowId,
  type PhotoUploadInput,
} from '../../contracts/photo-upload.ts'
import {
  ORIGINAL_RESTORE,
  originalRestoreWorkflowId,
  RESTORE_REQUESTED,
} from '../../contracts/original-restore.ts'
import { LINK_CHANGED, SHARE_LINK, shareLinkWorkflowId } from '../../contracts/share-link.ts'
import { ownerAttribute, photoAttribute, stageAttribute } from '../../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { TEXT_READER, TEXT_READER_ID } from '../../contracts/text-reader.ts'
import {
  DELIVERY_ADMITTED,
  WEBHOOK_DELIVERY,
  webhookDeliveryWorkflowId,
} from '../../contracts/webhook-delivery.ts'
import { WEB_PUSH_SENDER, WEB_PUSHES_DUE, webPushSenderWorkflowId } from '../../contracts/web-push-sender.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'

/** The only way to start each workflow. Every function may be called twice. */
export interface WorkflowStarts {
  /** Delivers what a committed change owes to Temporal. */
  deliver(message: OutboxMessage): Promise<void>
  /**
   * Starts or wakes the reconciler of a photo's distribution, for photoUpload and photoSync. It is not a
   * child, as a child cannot be started and signalled at once; it has no parent and outlives both.
   */
  reconcileDistribution(input: PhotoFanoutInput): Promise<void>
  /** Starts or wakes one of the writers of notifications. */
  wakeNotificationWriter(writer: number): Promise<void>
  /** Starts or wakes the sender of a writer's pushes. */
  wakeWebPushSender(writer: number): Promise<void>
  /** Starts the reader of texts unless it runs. */
  startTextReader(): Promise<void>
  /** Tells a running upload that its photo was deleted; false if none is running. */
  stopUpload(photoId: PhotoId): Promise<boolean>
}

/** @param temporal a client that connects lazily; callers set deadlines with `temporal.withDeadline` */
export function createWorkflowStarts(temporal: Client): WorkflowStarts {
  return {
    async deliver(message) {
      switch (message.kind) {
        case 'uploadOpened':
          return onceOnly(() => temporal.workflow.start(PHOTO_UPLOAD, uploadOptions(message.payload)))
        case 'originalArrived':
          return onceOnly(() =>
            temporal.workflow.signalWithStart(PHOTO_UPLOAD, {
              ...uploadOptions(message.payload),
              signal: ORIGINAL_ARRIVED,
              signalArgs: [],
            }),
          )
        case 'photoChanged':
          await temporal.workflow.signalWithStart(PHOTO_SYNC, {
            ...reconcilerOptions(photoSyncWorkflowId(message.payload.photoId), message.payload),
            staticSummary: `Bring photo ${message.payload.photoId} in line after a change`,
            signal: PHOTO_CHANGED,
            signalArgs: [],
          })
          return
        case 'accountChanged':
          await temporal.workflow.signalWithStart(ACCOUNT_SYNC, {
            ...reconcilerOptions(accountSyncWorkflowId(message.payload.userId), message.payload),
            staticSummary: `Bring the photos of user ${message.payload.userId} in line with the account`,
            signal: ACCOUNT_CHANGED,
            signalArgs: [],
          })
          return
        case 'audienceNarrowed':
          await temporal.workflow.signalWithStart(AUDIENCE_SYNC, {
            ...reconcilerOptions(audienceSyncWorkflowId(message.payload.userId), message.payload),
            staticSummary: `Revoke what followers of user ${message.payload.userId} were given`,
            signal: AUDIENCE_NARROWED,
            signalArgs: [],
          })
          return
        case 'linkChanged':
          await temporal.workflow.signalWithStart(SHARE_LINK, {
            ...reconcilerOptions(shareLinkWorkflowId(message.payload.linkId), message.payload),
            staticSummary: `Share link ${message.payload.linkId} to an album of user ${message.payload.ownerId}`,
            staticDetails:
              'Waits until the link expires or is revoked; then every edge refuses the image URLs that were issued through it. ' +
              'Query `shareLinkProgress` gives its state.',
            signal: LINK_CHANGED,
            signalArgs: [],
          })
          return
        case 'restoreRequested':
          await temporal.workflow.signalWithStart(ORIGINAL_RESTORE, {
            ...reconcilerOptions(originalRestoreWorkflowId(message.payload.photoId), message.payload),
            staticSummary: `Bring the original of photo ${message.payload.photoId} back from the cold storage`,
            signal: RESTORE_REQUESTED,
            signalArgs: [],
          })
          return
        case 'caseChanged':
          await temporal.workflow.signalWithStart(MODERATION_CASE, {
            ...reconcilerOptions(moderationCaseWorkflowId(message.payload.caseId), message.payload),
            staticSummary: `Case ${message.payload.caseId} about user ${message.payload.ownerId}`,
            signal: CASE_CHANGED,
            signalArgs: [],
          })
          return
        case 'standingChanged':
          await temporal.workflow.signalWithStart(ACCOUNT_STANDING, {
            ...reconcilerOptions(accountStandingWorkflowId(message.payload.userId), message.payload),
            staticSummary: `Suspensions and strikes of user ${message.payload.userId}`,
            signal: STANDING_CHANGED,
            signalArgs: [],
          })
          return
        case 'deliveryAdmitted':
          await temporal.workflow.signalWithStart(WEBHOOK_DELIVERY, {
            workflowId: webhookDeliveryWorkflowId(message.payload.deliveryId),
            taskQueue: TASK_QUEUES.orchestration,
            args: [message.payload],
            workflowIdReusePolicy: 'ALLOW_DUPLICATE',
            staticSummary: `Deliver ${message.payload.deliveryId} to its webhook`,
            signal: DELIVERY_ADMITTED,
            signalArgs: [],
          })
          return
        case 'avatarChanged':
          return onceOnly(() =>
            temporal.workflow.signalWithStart(AVATAR_UPLOAD, {
              workflowId: avatarUploadWorkflowId(message.payload.avatarId),
              taskQueue: TASK_QUEUES.orchestration,
              args: [message.payload],
              workflowIdReusePolicy: 'REJECT_DUPLICATE',
              typedSearchAttributes: [
                ...identify({ userId: message.payload.ownerId }),
                { key: stageAttribute, value: 'awaiting_upload' },
              ],
              staticSummary: `Upload avatar ${message.payload.avatarId} of user ${message.payload.ownerId}`,
              staticDetails:
                'Waits for the picture, makes squares of it, shows them instead of the avatar before, and has that removed.',
              signal: AVATAR_CHANGED,
              signalArgs: [],
            }),
          )
        case 'exportChanged':
          await temporal.workflow.signalWithStart(ACCOUNT_EXPORT, {
            ...reconcilerOptions(accountExportWorkflowId(message.payload.exportId), message.payload),
            staticSummary: `Export ${message.payload.exportId} of user ${message.payload.ownerId}`,
            staticDetails:
              'Writes all that the account has stored into an archive, and deletes it when its time is over. ' +
              'Query `exportProgress` gives its state.',
            signal: EXPORT_CHANGED,
            signalArgs: [],
          })
          return
        case 'erasureChanged':
          await temporal.workflow.signalWithStart(ACCOUNT_ERASURE, {
            ...reconcilerOptions(accountErasureWorkflowId(message.payload.userId), message.payload),
            staticSummary: `Erase user ${message.payload.userId}, unless they sign in before`,
            staticDetails:
              'Waits for the days of grace; then photos, albums, likes, comments and all else go, piece by piece, and every store is looked ' +
              'at again. Query `accountErasureProgress` gives its state.',
            signal: ERASURE_CHANGED,
            signalArgs: [],
          })
          return
        default:
          // Rows written by a newer release; the relay parks them.
          throw new TypeError(`unknown outbox kind ${(message as { kind: string }).kind}`)
      }
    },
    async reconcileDistribution(input) {
      await temporal.workflow.signalWithStart(PHOTO_FANOUT, {
        ...reconcilerOptions(photoFanoutWorkflowId(input.photoId), input),
        staticSummary: `Distribute photo ${input.photoId} of user ${input.ownerId}`,
        signal: DISTRIBUTION_CHANGED,
        signalArgs: [],
      })
    },
    async wakeNotificationWriter(writer) {
      await temporal.workflow.signalWithStart(NOTIFICATION_WRITER, {
        workflowId: notificationWriterWorkflowId(writer),
        taskQueue: TASK_QUEUES.orchestration,
        args: [{ writer }],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `Write the notifications that writer ${writer} owes`,
        signal: NOTIFICATIONS_OWED,
        signalArgs: [],
      })
    },
    async wakeWebPushSender(writer) {
      await temporal.workflow.signalWithStart(WEB_PUSH_SENDER, {
        workflowId: webPushSenderWorkflowId(writer),
        taskQueue: TASK_QUEUES.orchestration,
        args: [{ writer }],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `Send the pushes that accounts of writer ${writer} are owed`,
        signal: WEB_PUSHES_DUE,
        signalArgs: [],
      })
    },
    async startTextReader() {
      await temporal.workflow.start(TEXT_READER, {
        workflowId: TEXT_READER_ID,
        taskQueue: TASK_QUEUES.orchestration,
        args: [],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: 'Read the text in photos that are owed',
      })
    },
    async stopUpload(photoId) {
      try {
        await temporal.workflow.getHandle(photoUploadWorkflowId(photoId)).signal(PHOTO_DELETED)
        return true
      } catch (error) {
        if (isWorkflowNotFound(error)) return false
        throw error
      }
    },
  }
}

/** One-shot: a workflow that is already running or has ended counts as started. */
async function onceOnly(start: () => Promise<unknown>): Promise<void> {
  try {
    await start()
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}

function uploadOptions(input: PhotoUploadInput): WorkflowStartOptions & { args: [PhotoUploadInput] } {
  return {
    workflowId: photoUploadWorkflowId(input.photoId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [input],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: [...identify(input), { key: stageAttribute, value: 'awaiting_upload' }],
    staticSummary: `Upload photo ${input.photoId} of user ${input.ownerId}`,
    staticDetails:
      'Waits for the original, validates it, publishes the photo, then renders variants, indexes and distributes it. ' +
      'Query `uploadProgress` gives the state of every step.',
  }
}

function reconcilerOptions<Input extends About>(workflowId: string, input: Input) {
  return {
    workflowId,
    taskQueue: TASK_QUEUES.orchestration,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    typedSearchAttributes: identify(input),
  } satisfies WorkflowStartOptions
}

/** What a reconciler works on: a photo or a link of an account, or all of it. */
type About = { photoId?: PhotoId | undefined; ownerId: UserId } | { userId: UserId }

function identify(input: About) {
  if ('userId' in input) return [{ key: ownerAttribute, value: input.userId }]
  const owner = { key: ownerAttribute, value: input.ownerId }
  return input.photoId === undefined ? [owner] : [{ key: photoAttribute, value: input.photoId }, owner]
}

function isWorkflowNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkflowNotFoundError'
}
