import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { v7 as uuidv7 } from 'uuid'
import {
  accountExportWorkflowId,
  EXPORT_PROGRESS,
  type ExportProgress,
} from '../../src/contracts/account-export.ts'
import { accountErasureWorkflowId } from '../../src/contracts/account-erasure.ts'
import { accountStandingWorkflowId } from '../../src/contracts/account-standing.ts'
import { accountSyncWorkflowId } from '../../src/contracts/account-sync.ts'
import { audienceSyncWorkflowId } from '../../src/contracts/audience-sync.ts'
import { avatarUploadWorkflowId } from '../../src/contracts/avatar-upload.ts'
import { FEED_COLLECTION_SCHEDULE_ID } from '../../src/contracts/feed-collection.ts'
import { HOUSEKEEPING_SCHEDULE_ID } from '../../src/contracts/housekeeping.ts'
import { fanoutShardWorkflowId } from '../../src/contracts/fanout-shard.ts'
import {
  FANOUT_PROGRESS,
  PAUSE_FANOUT,
  photoFanoutWorkflowId,
  RESUME_FANOUT,
  type FanoutProgress,
} from '../../src/contracts/photo-fanout.ts'
import {
  LINK_CHANGED,
  SHARE_LINK_PROGRESS,
  shareLinkWorkflowId,
  type ShareLinkProgress,
} from '../../src/contracts/share-link.ts'
import {
  moderationCaseWorkflowId,
  SETTLE_CASE,
  type CaseProgress,
} from '../../src/contracts/moderation-case.ts'
import { notificationWriterWorkflowId } from '../../src/contracts/notification-writer.ts'
import { photoModerationWorkflowId } from '../../src/contracts/photo-moderation.ts'
import { photoSyncWorkflowId } from '../../src/contracts/photo-sync.ts'
import { PHOTO_DELETED, photoUploadWorkflowId } from '../../src/contracts/photo-upload.ts'
import type { UserId } from '../../src/domain/ids.ts'
import { comeBack } from '../../src/services/accounts/come-back.ts'
import { createReservedNames } from '../../src/services/accounts/reserved-names.ts'
import { createAvatarUploads } from '../../src/services/avatars/avatar-uploads.ts'
import { createFollows } from '../../src/services/graph/follows.ts'
import { createRequestErasure } from '../../src/services/leaving/request-erasure.ts'
import { COLD_STORAGE_SCHEDULE_ID } from '../../src/contracts/cold-storage.ts'
import { originalRestoreWorkflowId } from '../../src/contracts/original-restore.ts'
import {
  APPROVE_REENCODE,
  LIBRARY_REENCODE,
  PAUSE_REENCODE,
  REENCODE_PROGRESS,
  RESUME_REENCODE,
  type LibraryReencodeInput,
  type ReencodeProgress,
} from '../../src/contracts/library-reencode.ts'
import { WHOLE_LIBRARY } from '../../src/domain/library-share.ts'
import {
  ABANDON_REINDEX,
  PAUSE_REINDEX,
  REINDEX_PROGRESS,
  RESUME_REINDEX,
  SEARCH_REINDEX,
  SET_REINDEX_RATE,
  type ReindexProgress,
  type SearchReindexInput,
} from '../../src/contracts/search-reindex.ts'
import { DISCOVERY_RANKING } from '../../src/contracts/discovery-ranking.ts'
import { SEARCH_DRIFT } from '../../src/contracts/search-drift.ts'
import { INDEX_VERSION } from '../../src/infra/opensearch/mapping.ts'
import {
  APPROVE_SCREENING,
  LIBRARY_SCREENING,
  LIBRARY_SCREENING_ID,
  PAUSE_SCREENING,
  RESUME_SCREENING,
  SCREENING_PROGRESS,
  type LibraryScreeningInput,
  type LibraryScreeningProgress,
} from '../../src/contracts/library-screening.ts'
import {
  EMBEDDING_PROGRESS,
  LIBRARY_EMBEDDING,
  LIBRARY_EMBEDDING_ID,
  PAUSE_EMBEDDING,
  RESUME_EMBEDDING,
  type LibraryEmbeddingInput,
  type LibraryEmbeddingProgress,
} from '../../src/contracts/library-embedding.ts'
import { TASK_QUEUES } from '../../src/contracts/task-queues.ts'
import { TEXT_READER_ID } from '../../src/contracts/text-reader.ts'
import { webPushSenderWorkflowId } from '../../src/contracts/web-push-sender.ts'
import { webhookDeliveryWorkflowId } from '../../src/contracts/webhook-delivery.ts'
import { NOTIFICATION_WRITERS } from '../../src/domain/notifications.ts'
import { oweNotification } from '../../src/services/delivery/notification-events.ts'
import { createExports } from '../../src/services/exports/exports.ts'
import { createAppealDecision } from '../../src/services/moderation/appeal-decision.ts'
import { createDecideCase } from '../../src/services/moderation/decide-case.ts'
import type { Embedder } from '../../src/infra/embedder/embedder.ts'
import type { Clients } from '../../src/services/clients.ts'
import { incomingKey } from '../../src/services/photos/object-keys.ts'
import { fanoutWorker } from '../../src/workers/fanout.ts'
import { mediaWorker } from '../../src/workers/media.ts'
import type { RunningWorker, WorkerDefinition } from '../../src/workers/run-worker.ts'
import { LONGEST_TRANSFER_MS } from '../../src/workflows/photo-upload/workflow.ts'
import { buildUser, securityEvents, sessionsOf, testDevice } from '../support/factories/accounts.ts'
import { follow } from '../support/factories/follows.ts'
import { buildPhoto } from '../support/factories/photos.ts'
import { readTextInPhotosOf } from '../support/factories/photo-texts.ts'
import { buildStoredPhoto } from '../support/factories/stored-originals.ts'
import { buildCase } from '../support/factories/moderation.ts'
import { startHttpsServer } from '../support/servers/https-server.ts'
import {
  allWorkers,
  eventually,
  openUploadWorld,
  somePhoto,
  type OpenUpload,
  type OpenUploadOptions,
  type UploadWorld,
} from '../support/worlds/upload-world.ts'
import { scrub } from './scrub.ts'

/*
 * Records histories of the present workflows from real runs on a running instance, beside those of earlier releases:
 * `npm run replay:record -- <release> [<name> …]`, by default all of them (temporal/README.md).
 */

const [release = 'unreleased', ...wanted] = process.argv.slice(2)
const folder = join(import.meta.dirname, 'histories')

/** So that an author with as many followers shows what a celebrity's fanout does. */
const SHARD_THRESHOLD = 3
const SHARDS = 2

const receiver = await startHttpsServer()
const world = await openUploadWorld({
  FANOUT_SHARD_THRESHOLD: String(SHARD_THRESHOLD),
  FANOUT_SHARDS: String(SHARDS),
  WEBHOOK_KEY: randomBytes(32).toString('hex'),
  WEB_PUSH_KEY: randomBytes(32).toString('hex'),
  OUTGOING_NETWORKS: '127.0.0.0/8',
  OUTGOING_PORTS: new URL(receiver.url).port,
})
try {
  const workers = new Map<WorkerDefinition, RunningWorker>()
  for (const definition of allWorkers) workers.set(definition, await world.start(definition))
  await record(world)
  await recordOperators(world, workers.get(fanoutWorker)!)
  await recordReindexes(world)
  await recordReencodes(world)
  await recordScreening(world)
  await recordCase(world)
  await recordColdStorage(world)
  await recordStanding(world)
  await recordExport(world)
  await recordAvatars(world)
  await recordErasures(world)
  await recordTexts(world)
  await recordWebhook(world)
  await recordWebPush(world)
  await recordFaults(world, await recordEmbedding(world, workers.get(mediaWorker)!))
} finally {
  await world.close()
  await receiver.close()
}

/** Of one that is shown and replaced, and of one that is no picture. */
async function recordAvatars(world: UploadWorld): Promise<void> {
  const { db, objects, outbox } = world
  const owner = await world.owner()
  const avatars = createAvatarUploads({ db, objects, outbox, uploadExpirySeconds: 900 })
  const upload = async (body: Buffer): Promise<string> => {
    await avatars.open(owner, { contentType: 'image/jpeg', bytes: body.length })
    const [row] = await db.primary<{ avatar_id: string }>({
      text: 'SELECT avatar_id FROM avatars WHERE owner_id = $1 ORDER BY avatar_id DESC LIMIT 1',
      values: [owner],
    })
    const { avatar_id: avatarId } = row!
    await objects.put(incomingKey(avatarId), body, 'image/jpeg')
    await avatars.complete(owner)
    await ended(avatarUploadWorkflowId(avatarId))
    return avatarId
  }
  const first = await upload(await somePhoto(300, 200))
  await save('avatar-upload', avatarUploadWorkflowId(first))
  await upload(await somePhoto(300, 200))
  await ended(photoSyncWorkflowId(first))
  await save('photo-sync-avatar', photoSyncWorkflowId(first))
  await save('avatar-upload-refused', avatarUploadWorkflowId(await upload(Buffer.from('no picture'))))
}

/** Of a push that has nothing to tell any more, as what is sent is no part of the history. */
async function recordWebPush(world: UploadWorld): Promise<void> {
  const recipient = await world.owner()
  await world.db.primary({
    text: 'INSERT INTO owed_pushes (subscription_id, notification_id, recipient_id) VALUES (uuidv7(), 0, $1)',
    values: [recipient],
  })
  const workflowId = webPushSenderWorkflowId(Number(BigInt(recipient) % BigInt(NOTIFICATION_WRITERS)))
  await eventually(() => exists(workflowId))
  await ended(workflowId)
  await save('web-push-sender', workflowId)
}

/** Of a receiver that is down at first. */
async function recordWebhook(world: UploadWorld): Promise<void> {
  receiver.answer = (response) => {
    response.writeHead(503).end()
    receiver.answer = (next) => void next.writeHead(204).end()
  }
  const [delivery] = await world.db.primary<{ delivery_id: string }>({
    text: `WITH made AS (
             INSERT INTO webhooks (webhook_id, user_id, url, events) VALUES (uuidv7(), $1, $2, '{photo.ready}') RETURNING webhook_id)
           INSERT INTO webhook_deliveries (webhook_id, event, photo_id) SELECT webhook_id, 'photo.ready', uuidv7() FROM made
           RETURNING delivery_id`,
    values: [await world.owner(), `https://127.0.0.1:${new URL(receiver.url).port}/`],
  })
  const workflowId = webhookDeliveryWorkflowId(delivery!.delivery_id)
  await eventually(() => exists(workflowId))
  await ended(workflowId)
  await save('webhook-delivery', workflowId)
}

/** Of a photo without a picture, as the reading itself is no part of the history. */
async function recordTexts(world: UploadWorld): Promise<void> {
  const { db } = world
  const reader = await world.owner()
  await buildPhoto(db, reader)
  await readTextInPhotosOf(db, reader, true)
  await eventually(() => exists(TEXT_READER_ID))
  await ended(TEXT_READER_ID)
  await save('text-reader', TEXT_READER_ID)
}

async function record(world: UploadWorld): Promise<void> {
  const owner = await world.owner()
  const celebrity = await world.owner()
  await addFollowers(celebrity)
  const bytes = await somePhoto(400, 300)

  const upload = async (
    body: Buffer,
    options: OpenUploadOptions = {},
    by: UserId = owner,
  ): Promise<OpenUpload> => {
    const opened = await world.openUpload(by, { bytes: body.length, caption: 'A #photo', ...options })
    await world.outbox.dispatch([opened.outboxId])
    await world.objects.put(incomingKey(opened.photoId), body, 'image/jpeg')
    await world.announce(opened)
    return opened
  }

  await recordLinks(owner)

  const published = await upload(bytes)
  await ended(photoUploadWorkflowId(published.photoId))
  await save('photo-upload-ready', photoUploadWorkflowId(published.photoId))
  await save('photo-upload-moderated', photoUploadWorkflowId(published.photoId))
  await save('photo-moderation', photoModerationWorkflowId(published.photoId))
  await ended(photoFanoutWorkflowId(published.photoId))
  await save('photo-fanout-pushed', photoFanoutWorkflowId(published.photoId))

  await world.edit(published, { caption: 'An #edit' })
  await ended(photoSyncWorkflowId(published.photoId))
  await save('photo-sync-edited', photoSyncWorkflowId(published.photoId))
  await world.edit(published, { allowDownload: true })
  await ended(photoSyncWorkflowId(published.photoId))
  await save('photo-sync-downloads', photoSyncWorkflowId(published.photoId))
  await world.edit(published, { visibility: 'private' })
  await ended(photoSyncWorkflowId(published.photoId))
  await save('photo-sync-narrowed', photoSyncWorkflowId(published.photoId))
  await ended(photoFanoutWorkflowId(published.photoId))
  await save('photo-fanout-collected', photoFanoutWorkflowId(published.photoId))
  await world.remove(published)
  await ended(photoSyncWorkflowId(published.photoId))
  await save('photo-sync-erased', photoSyncWorkflowId(published.photoId))

  const famous = await upload(bytes, {}, celebrity)
  await ended(photoUploadWorkflowId(famous.photoId))
  await ended(photoFanoutWorkflowId(famous.photoId))
  await save('photo-fanout-sharded', photoFanoutWorkflowId(famous.photoId))
  await save('fanout-shard', fanoutShardWorkflowId(famous.photoId, 0))

  await changePrivacy(celebrity, true)
  await save('account-sync-narrowed', accountSyncWorkflowId(celebrity))
  await changePrivacy(celebrity, false)
  await save('account-sync-opened', accountSyncWorkflowId(celebrity))

  const follower = await buildUser(world.db)
  await follow(world.db, follower.userId, owner)
  await createFollows(world).removeFollower(owner, follower.username)
  await ended(audienceSyncWorkflowId(owner))
  await save('audience-sync-narrowed', audienceSyncWorkflowId(owner))
  await world.db.transaction((tx) =>
    oweNotification(tx, { recipientId: owner, kind: 'follow', actorId: celebrity }),
  )
  const writer = notificationWriterWorkflowId(Number(owner) % NOTIFICATION_WRITERS)
  await eventually(() => exists(writer))
  await ended(writer)
  await save('notification-writer', writer)

  const invalid = await upload(bytes.subarray(0, bytes.length / 2))
  await ended(photoUploadWorkflowId(invalid.photoId))
  await save('photo-upload-invalid', photoUploadWorkflowId(invalid.photoId))

  const late = await world.openUpload(owner, { expiresInMs: 2_000 - LONGEST_TRANSFER_MS })
  await world.announce(late)
  await ended(photoUploadWorkflowId(late.photoId))
  await save('photo-upload-abandoned', photoUploadWorkflowId(late.photoId))

  const deleted = await world.openUpload(owner)
  await world.outbox.dispatch([deleted.outboxId])
  await world.temporal.workflow.getHandle(photoUploadWorkflowId(deleted.photoId)).signal(PHOTO_DELETED)
  await ended(photoUploadWorkflowId(deleted.photoId))
  await save('photo-upload-deleted', photoUploadWorkflowId(deleted.photoId))

  await saveScheduled('housekeeping', HOUSEKEEPING_SCHEDULE_ID)
  await saveScheduled('feed-collection', FEED_COLLECTION_SCHEDULE_ID)
}

/** A link that expires and is revoked before it is forgotten, and one that is revoked while it is live. */
async function recordLinks(ownerId: UserId): Promise<void> {
  const expiring = await openLink(ownerId, '2 seconds')
  const stateOf = async (linkId: string) =>
    (
      await world.temporal.workflow
        .getHandle(shareLinkWorkflowId(linkId))
        .query<ShareLinkProgress>(SHARE_LINK_PROGRESS)
    ).state
  await eventually(async () => (await stateOf(expiring)) === 'ended')
  await revokeLink(expiring)
  await ended(shareLinkWorkflowId(expiring))
  await save('share-link-expired', shareLinkWorkflowId(expiring))

  const live = await openLink(ownerId, '1 hour')
  await eventually(async () => (await stateOf(live)) === 'live')
  await revokeLink(live)
  await ended(shareLinkWorkflowId(live))
  await save('share-link-revoked', shareLinkWorkflowId(live))
}

/** As POST /albums/:albumId/share-links does, for an album of its own. */
async function openLink(ownerId: UserId, lifetime: string): Promise<string> {
  const [row] = await world.db.primary<{ link_id: string }>({
    text: `WITH album AS (INSERT INTO albums (album_id, owner_id, title) VALUES ($1, $2, 'Album') RETURNING *)
           INSERT INTO share_links (link_id, album_id, created_by, token_hash, expires_at)
           SELECT $3, album_id, owner_id, $4, now() + $5::interval FROM album RETURNING link_id`,
    values: [uuidv7(), ownerId, uuidv7(), randomBytes(32), lifetime],
  })
  const linkId = row!.link_id
  await world.outbox.dispatch([await world.owe({ kind: 'linkChanged', payload: { linkId, ownerId } })])
  return linkId
}

async function revokeLink(linkId: string): Promise<void> {
  await world.db.primary({ text: 'DELETE FROM share_links WHERE link_id = $1', values: [linkId] })
  await world.temporal.workflow.getHandle(shareLinkWorkflowId(linkId)).signal(LINK_CHANGED)
}

/** As PATCH /me does; waits until all is in line. */
async function changePrivacy(userId: UserId, isPrivate: boolean): Promise<void> {
  await world.db.primary({
    text: 'UPDATE users SET is_private = $2 WHERE user_id = $1',
    values: [userId, isPrivate],
  })
  await world.outbox.dispatch([await world.owe({ kind: 'accountChanged', payload: { userId } })])
  await ended(accountSyncWorkflowId(userId))
}

/** What operators do, each to a fanout that waits for its worker. */
async function recordOperators(world: UploadWorld, fanout: RunningWorker): Promise<void> {
  const owner = await world.owner()
  const bytes = await somePhoto(400, 300)
  const waiting = async () => {
    await fanout.stop()
    const opened = await world.openUpload(owner, { bytes: bytes.length })
    await world.outbox.dispatch([opened.outboxId])
    await world.objects.put(incomingKey(opened.photoId), bytes, 'image/jpeg')
    await world.announce(opened)
    await ended(photoUploadWorkflowId(opened.photoId))
    return world.temporal.workflow.getHandle(photoFanoutWorkflowId(opened.photoId))
  }

  const held = await waiting()
  await held.signal(PAUSE_FANOUT)
  fanout = await world.start(fanoutWorker)
  await eventually(async () => (await held.query<FanoutProgress>(FANOUT_PROGRESS)).state === 'paused')
  await held.signal(RESUME_FANOUT)
  await ended(held.workflowId)
  await save('photo-fanout-held', held.workflowId)

  const open = await world.openUpload(owner)
  await world.outbox.dispatch([open.outboxId])
  await world.temporal.workflow.getHandle(photoUploadWorkflowId(open.photoId)).cancel()
  await ended(photoUploadWorkflowId(open.photoId))
  await save('photo-upload-cancelled', photoUploadWorkflowId(open.photoId))

  const cancelled = await waiting()
  await cancelled.cancel()
  fanout = await world.start(fanoutWorker)
  await ended(cancelled.workflowId)
  await save('photo-fanout-cancelled', cancelled.workflowId)
}

/** One that is paused, resumed and approved, and one that is cancelled while it waits for that. */
/** One that is paused and goes on, and one that is given up. */
async function recordReindexes(world: UploadWorld): Promise<void> {
  const start = (workflowId: string, documentsPerSecond?: number) =>
    world.temporal.workflow.start(SEARCH_REINDEX, {
      workflowId,
      taskQueue: TASK_QUEUES.orchestration,
      args: [{ reason: 'recorded', version: INDEX_VERSION, documentsPerSecond } satisfies SearchReindexInput],
    })
  const paused = await start('search-reindex/paused', 1)
  await paused.signal(PAUSE_REINDEX)
  await eventually(async () => (await paused.query<ReindexProgress>(REINDEX_PROGRESS)).state === 'paused')
  await paused.signal(SET_REINDEX_RATE, null)
  await paused.signal(RESUME_REINDEX)
  await ended(paused.workflowId)
  await save('search-reindex', paused.workflowId)

  const drift = await world.temporal.workflow.start(SEARCH_DRIFT, {
    workflowId: 'search-drift/ready',
    taskQueue: TASK_QUEUES.orchestration,
  })
  await ended(drift.workflowId)
  await save('search-drift', drift.workflowId)

  const ranking = await world.temporal.workflow.start(DISCOVERY_RANKING, {
    workflowId: 'discovery-ranking/ranked',
    taskQueue: TASK_QUEUES.orchestration,
  })
  await ended(ranking.workflowId)
  await save('discovery-ranking', ranking.workflowId)

  const abandoned = await start('search-reindex/abandoned', 0.1)
  await abandoned.signal(ABANDON_REINDEX)
  await ended(abandoned.workflowId)
  await save('search-reindex-abandoned', abandoned.workflowId)
}

async function recordReencodes(world: UploadWorld): Promise<void> {
  const input: LibraryReencodeInput = {
    selection: { purge: true },
    canary: WHOLE_LIBRARY / 2,
    photosPerMinute: 600,
  }
  const start = async (workflowId: string) => {
    const handle = await world.temporal.workflow.start(LIBRARY_REENCODE, {
      workflowId,
      taskQueue: TASK_QUEUES.orchestration,
      args: [input],
    })
    const reaches = (state: ReencodeProgress['state']) =>
      eventually(async () => (await handle.query<ReencodeProgress>(REENCODE_PROGRESS)).state === state)
    await reaches('approval')
    return { handle, reaches }
  }
  const approved = await start('library-reencode/approved')
  await approved.handle.signal(PAUSE_REENCODE)
  await approved.reaches('paused')
  await approved.handle.signal(APPROVE_REENCODE)
  await approved.handle.signal(RESUME_REENCODE)
  await ended(approved.handle.workflowId)
  await save('library-reencode', approved.handle.workflowId)

  const cancelled = await start('library-reencode/cancelled')
  await cancelled.handle.cancel()
  await ended(cancelled.handle.workflowId)
  await save('library-reencode-cancelled', cancelled.handle.workflowId)
}

/** A trial, a pause, an approval, and the library. */
async function recordScreening(world: UploadWorld): Promise<void> {
  const input: LibraryScreeningInput = { all: true, canary: WHOLE_LIBRARY / 2, photosPerMinute: 600 }
  const handle = await world.temporal.workflow.start(LIBRARY_SCREENING, {
    workflowId: LIBRARY_SCREENING_ID,
    taskQueue: TASK_QUEUES.orchestration,
    args: [input],
  })
  const reaches = (state: LibraryScreeningProgress['state']) =>
    eventually(async () => (await handle.query<LibraryScreeningProgress>(SCREENING_PROGRESS)).state === state)
  await reaches('approval')
  await handle.signal(PAUSE_SCREENING)
  await reaches('paused')
  await handle.signal(APPROVE_SCREENING)
  await handle.signal(RESUME_SCREENING)
  await ended(LIBRARY_SCREENING_ID)
  await save('library-screening', LIBRARY_SCREENING_ID)
}

/** A media worker with an embedder: an upload, and the library with a pause. @returns that worker */
async function recordEmbedding(world: UploadWorld, media: RunningWorker): Promise<RunningWorker> {
  await media.stop()
  const made = { model: 'recorded', version: '1', vectors: [Float32Array.of(1, 0)] }
  const embedder: Embedder = { ofPicture: async () => made, ofTexts: async () => made }
  const embedding = await world.start({
    ...mediaWorker,
    compose: (clients) =>
      mediaWorker.compose(Object.create(clients, { embedder: { value: embedder } }) as Clients),
  })
  const bytes = await somePhoto(400, 300)
  const upload = await world.openUpload(await world.owner(), { bytes: bytes.length })
  await world.objects.put(incomingKey(upload.photoId), bytes, 'image/jpeg')
  await world.announce(upload)
  await ended(photoUploadWorkflowId(upload.photoId))
  await save('photo-upload-embedded', photoUploadWorkflowId(upload.photoId))

  await world.db.primary({ text: 'DELETE FROM photo_embeddings' })
  const input: LibraryEmbeddingInput = { photosPerMinute: 600 }
  const handle = await world.temporal.workflow.start(LIBRARY_EMBEDDING, {
    workflowId: LIBRARY_EMBEDDING_ID,
    taskQueue: TASK_QUEUES.orchestration,
    args: [input],
  })
  await handle.signal(PAUSE_EMBEDDING)
  await eventually(
    async () => (await handle.query<LibraryEmbeddingProgress>(EMBEDDING_PROGRESS)).state === 'paused',
  )
  await handle.signal(RESUME_EMBEDDING)
  await ended(LIBRARY_EMBEDDING_ID)
  await save('library-embedding', LIBRARY_EMBEDDING_ID)
  return embedding
}

/** A photo is taken down, and restored by an appeal. */
async function recordCase(world: UploadWorld): Promise<void> {
  const [owner, moderator, senior] = [await world.owner(), await world.owner(), await world.owner()]
  const bytes = await somePhoto(400, 300)
  const opened = await world.openUpload(owner, { bytes: bytes.length })
  const { photoId } = opened
  await world.outbox.dispatch([opened.outboxId])
  await world.objects.put(incomingKey(photoId), bytes, 'image/jpeg')
  await world.announce(opened)
  await ended(photoUploadWorkflowId(photoId))
  const caseId = await buildCase(world.db, { subject: { type: 'photo', id: photoId }, ownerId: owner })
  const payload = { caseId, photoId, ownerId: owner }
  await world.outbox.dispatch([await world.owe({ kind: 'caseChanged', payload })])
  const decide = createDecideCase({ ...world, fanoutShardThreshold: SHARD_THRESHOLD })
  const reason = { policy: 'spam', reason: 'It sells something.' }
  const { decision_id: decisionId } = await decide({ userId: moderator, role: 'moderator' }, caseId, {
    action: 'takedown',
    ...reason,
  })
  const handle = world.temporal.workflow.getHandle(moderationCaseWorkflowId(caseId))
  await handle.executeUpdate<CaseProgress, []>(SETTLE_CASE)
  await createAppealDecision(world)(owner, { decisionId, text: 'It sells nothing.' })
  await decide({ userId: senior, role: 'senior' }, caseId, { action: 'restore', ...reason })
  await ended(handle.workflowId)
  await save('moderation-case', handle.workflowId)
}

/** Every original goes cold, and one of them is restored. */
async function recordColdStorage(world: UploadWorld): Promise<void> {
  for (const table of ['photos', 'blobs'])
    await world.db.primary({ text: `UPDATE ${table} SET created_at = created_at - interval '1 year'` })
  await saveScheduled('cold-storage', COLD_STORAGE_SCHEDULE_ID)
  const [photo] = await world.db.primary<{ photo_id: string; owner_id: string }>({
    text: `UPDATE cold_originals c SET state = 'restoring', requested_at = now() FROM photos p
      WHERE p.photo_id = c.photo_id AND c.photo_id = (SELECT min(photo_id::text)::uuid FROM cold_originals)
      RETURNING p.photo_id, p.owner_id`,
  })
  const payload = { photoId: photo!.photo_id, ownerId: photo!.owner_id }
  await world.outbox.dispatch([await world.owe({ kind: 'restoreRequested', payload })])
  await ended(originalRestoreWorkflowId(payload.photoId))
  await save('original-restore', originalRestoreWorkflowId(payload.photoId))
}

/** An archive that is written, kept and deleted. */
async function recordExport(world: UploadWorld): Promise<void> {
  const owner = await world.owner()
  await buildStoredPhoto(world, owner)
  const exports = createExports(world)
  const { exportId } = await exports.create(owner)
  const handle = world.temporal.workflow.getHandle(accountExportWorkflowId(exportId))
  await eventually(async () => (await handle.query<ExportProgress>(EXPORT_PROGRESS)).state === 'ready')
  await exports.delete(owner, exportId)
  await ended(handle.workflowId)
  await save('account-export', handle.workflowId)
}

/** A suspension that ends by itself. */
async function recordStanding(world: UploadWorld): Promise<void> {
  const userId = await world.owner()
  await world.db.primary({
    text: `WITH opened AS (
        INSERT INTO moderation_cases (case_id, subject_type, subject_id, owner_id, source, state, priority, policy_id,
          evidence, due_at)
        VALUES ($2, 'user', $1::text, $1::text::bigint, 'staff', 'decided', 3, 'spam', '{"texts":{}}', now())
        RETURNING case_id),
      decided AS (
        INSERT INTO moderation_decisions (decision_id, case_id, subject_type, subject_id, owner_id, action, policy_id,
          policy_version, reason, decided_as, until)
        SELECT case_id, case_id, 'user', $1::text, $1::text::bigint, 'suspend', 'spam', 1, 'Spam.', 'senior',
          now() + interval '3 seconds' FROM opened RETURNING until)
      UPDATE users SET status = 'suspended', suspended_until = decided.until FROM decided
      WHERE user_id = $1::text::bigint`,
    values: [userId, uuidv7()],
  })
  await world.outbox.dispatch([await world.owe({ kind: 'standingChanged', payload: { userId } })])
  await ended(accountStandingWorkflowId(userId))
  await save('account-standing', accountStandingWorkflowId(userId))
}

/** An account with a photo that is left for good, and one that comes back before. */
async function recordErasures(world: UploadWorld): Promise<void> {
  const sessions = sessionsOf(world.db)
  const leave = (userId: UserId, graceDays: number) =>
    createRequestErasure({
      ...world,
      sessions,
      securityEvents,
      reservedNames: createReservedNames(world.config.jwtKeys),
      graceDays,
    })(userId, testDevice)
  const leaving = await world.owner()
  const bytes = await somePhoto(400, 300)
  const upload = await world.openUpload(leaving, { bytes: bytes.length })
  await world.outbox.dispatch([upload.outboxId])
  await world.objects.put(incomingKey(upload.photoId), bytes, 'image/jpeg')
  await world.announce(upload)
  await ended(photoUploadWorkflowId(upload.photoId))
  await leave(leaving, 2 / 86_400)
  await ended(accountErasureWorkflowId(leaving))
  await save('account-erasure', accountErasureWorkflowId(leaving))

  const returning = await world.owner()
  await leave(returning, 14)
  await eventually(() => exists(accountErasureWorkflowId(returning)))
  const returned = await world.db.transaction((tx) => comeBack(tx, returning))
  await world.outbox.dispatch(returned!.outboxIds)
  await ended(accountErasureWorkflowId(returning))
  await save('account-erasure-cancelled', accountErasureWorkflowId(returning))
}

/** A media worker that cannot render all variants at once; it renders them singly. */
async function recordFaults(world: UploadWorld, media: RunningWorker): Promise<void> {
  await media.stop()
  await world.start({
    ...mediaWorker,
    async compose(clients) {
      const composed = await mediaWorker.compose(clients)
      const renderVariants = async () => Promise.reject(new Error('out of memory'))
      return { ...composed, activities: { ...composed.activities, renderVariants } }
    },
  })
  const bytes = await somePhoto(400, 300)
  const upload = await world.openUpload(await world.owner(), { bytes: bytes.length })
  await world.objects.put(incomingKey(upload.photoId), bytes, 'image/jpeg')
  await world.announce(upload)
  await ended(photoUploadWorkflowId(upload.photoId))
  await save('photo-upload-rendered-singly', photoUploadWorkflowId(upload.photoId))
}

async function saveScheduled(name: string, scheduleId: string): Promise<void> {
  const schedule = world.temporal.schedule.getHandle(scheduleId)
  await schedule.trigger()
  const sweep = await eventually(
    async () => (await schedule.describe()).info.recentActions.at(-1)?.action.workflow,
  )
  await ended(sweep.workflowId)
  await save(name, sweep.workflowId)
}

async function addFollowers(author: UserId): Promise<void> {
  for (let n = 0; n < SHARD_THRESHOLD; n++) {
    await world.db.primary({
      text: 'INSERT INTO follows (follower_id, followee_id) VALUES ($1, $2)',
      values: [await world.owner(), author],
    })
  }
  await world.db.primary({
    text: 'INSERT INTO user_counters (user_id, slot, followers) VALUES ($1, 0, $2)',
    values: [author, SHARD_THRESHOLD],
  })
}

async function exists(workflowId: string): Promise<boolean> {
  const described = world.temporal.workflow.getHandle(workflowId).describe()
  return described.then(
    () => true,
    () => false,
  )
}

async function ended(workflowId: string): Promise<void> {
  await eventually(
    async () => (await world.temporal.workflow.getHandle(workflowId).describe()).status.name !== 'RUNNING',
  )
}

async function save(name: string, workflowId: string): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(name)) return
  const history = await world.temporal.workflow.getHandle(workflowId).fetchHistory()
  await mkdir(join(folder, release), { recursive: true })
  const file = join(folder, release, `${name}.json`)
  await writeFile(file, `${JSON.stringify(scrub(JSON.parse(historyToJSON(history))), undefined, 1)}\n`)
  process.stdout.write(`${name}: ${history.events?.length} events\n`)
}
