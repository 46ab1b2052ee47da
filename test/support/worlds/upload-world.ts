import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import sharp from 'sharp'
import type { Client } from '@temporalio/client'
import { loadConfig, type Config } from '../../../src/config/config.ts'
import { storageOf } from '../../../src/infra/s3/storage-of.ts'
import type { OutboxMessage } from '../../../src/contracts/outbox.ts'
import {
  photoUploadWorkflowId,
  UPLOAD_PROGRESS,
  type UploadProgress,
} from '../../../src/contracts/photo-upload.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { OriginalContentType } from '../../../src/domain/variants.ts'
import type { Visibility } from '../../../src/domain/visibility.ts'
import { openDatabase, type Database } from '../../../src/infra/db/database.ts'
import { openObjectStore, type ObjectStore } from '../../../src/infra/s3/object-store.ts'
import { openTemporal } from '../../../src/infra/temporal/client.ts'
import { setUpQuietTemporal } from '../servers/quiet-temporal.ts'
import { addToOutbox, createOutbox, type Outbox } from '../../../src/services/delivery/outbox.ts'
import type { NewPhoto } from '../../../src/services/photos/new-photo.ts'
import { createPendingUploads } from '../../../src/services/uploads/open-upload.ts'
import { fanoutBulkWorker } from '../../../src/workers/fanout-bulk.ts'
import { fanoutWorker } from '../../../src/workers/fanout.ts'
import { mediaWorker } from '../../../src/workers/media.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import { startWorker, type RunningWorker, type WorkerDefinition } from '../../../src/workers/run-worker.ts'
import { buildUser } from '../factories/accounts.ts'
import { deletePhoto, editPhoto } from '../factories/photos.ts'
import '../servers/quiet-runtime.ts'

export const silent = pino({ level: process.env.TEST_LOG ?? 'silent' })

interface PhotoRow {
  status: string
  visibility: Visibility
  version: number
  access_epoch: number
  failure_code: string | null
  score: string | null
  published_at: Date | null
  width: number | null
  sha256: Buffer | null
}

/** Darkroom without its API: workers in this process, in a namespace of their own. */
export interface UploadWorld {
  config: Config
  db: Database
  objects: ObjectStore
  temporal: Client
  outbox: Outbox
  start(definition: WorkerDefinition): Promise<RunningWorker>
  owner(): Promise<UserId>
  /** As POST /photos does: a row and an outbox message, not delivered yet. */
  openUpload(owner: UserId, options?: OpenUploadOptions): Promise<OpenUpload>
  /** As PATCH does. */
  edit(
    upload: OpenUpload,
    changes: { visibility?: Visibility; caption?: string; allowDownload?: boolean },
  ): Promise<void>
  /** As DELETE does. */
  remove(upload: OpenUpload): Promise<void>
  /** Commits an outbox message. @returns its id */
  owe(message: OutboxMessage): Promise<string>
  /** As the storage event does. */
  announce(upload: OpenUpload): Promise<void>
  photo(photoId: PhotoId): Promise<PhotoRow>
  variants(photoId: PhotoId): Promise<{ variant: string; format: string; object_key: string }[]>
  progress(photoId: PhotoId): Promise<UploadProgress>
  close(): Promise<void>
}

export interface OpenUploadOptions {
  bytes?: number
  contentType?: OriginalContentType
  caption?: string
  visibility?: Visibility
  allowDownload?: boolean
  expiresInMs?: number
  multipart?: boolean
}

export interface OpenUpload {
  photoId: PhotoId
  ownerId: UserId
  expiresAtMs: number
  outboxId: string
}

const SMALL_JPEG: NewPhoto = {
  contentType: 'image/jpeg',
  bytes: 1,
  sha256: undefined,
  caption: null,
  altText: null,
  visibility: 'public',
  shareLocation: false,
  shareCamera: false,
  shareTakenAt: true,
  shareText: false,
  allowDownload: false,
  commentPolicy: null,
  sensitive: false,
  takenAt: undefined,
  location: undefined,
}

export async function openUploadWorld(overrides: Record<string, string> = {}): Promise<UploadWorld> {
  const namespace = `upload-${randomUUID().slice(0, 8)}`
  const config = loadConfig({ ...process.env, TEMPORAL_NAMESPACE: namespace, ...overrides })
  const db = await openDatabase({
    url: config.DATABASE_URL,
    poolSize: 4,
    statementTimeoutMs: 30_000,
    applicationName: 'upload-tests',
  })
  const objects = openObjectStore({
    ...storageOf(config),
    bucket: config.S3_BUCKET,
  })
  const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace })
  await setUpQuietTemporal(temporal)
  // Tests ask for a workflow as soon as it is announced, and a busy machine takes longer than a request waits.
  const outbox = createOutbox({ db, temporal, logger: silent, patienceMs: 3_000, deadlineMs: 3_000 })
  const workers: RunningWorker[] = []

  const world: UploadWorld = {
    config,
    db,
    objects,
    temporal,
    outbox,
    async start(definition) {
      const worker = await startWorker(definition, config, silent)
      workers.push(worker)
      return worker
    },
    owner: async () => (await buildUser(db)).userId,
    async openUpload(ownerId, { expiresInMs = 900_000, multipart, ...photo } = {}) {
      const outboxIds: string[] = []
      const uploads = createPendingUploads({
        db,
        objects,
        outbox: { ...outbox, dispatch: async (ids) => void outboxIds.push(...ids) },
        uploadExpirySeconds: expiresInMs / 1_000,
        multipartExpirySeconds: expiresInMs / 1_000,
        maxUploadBytes: config.MAX_UPLOAD_BYTES,
        limits: {
          storage: { bytes: config.MAX_ACCOUNT_BYTES, photos: config.MAX_ACCOUNT_PHOTOS },
          pending: config.MAX_PENDING_UPLOADS,
          pixels: config.MAX_MEGAPIXELS * 1_000_000,
          pixelsPerHour: config.MAX_MEGAPIXELS_PER_HOUR * 1_000_000,
        },
      })
      const { card } = await uploads.open(ownerId, { ...SMALL_JPEG, ...photo }, { multipart })
      const expiresAtMs = card.uploadExpiresAt.getTime()
      return { photoId: card.photoId, ownerId, expiresAtMs, outboxId: outboxIds[0]! }
    },
    edit: ({ photoId }, changes) => editPhoto(db, photoId, changes, { outbox }),
    remove: ({ photoId }) => deletePhoto(db, photoId, { outbox }),
    owe: (message) => db.transaction((tx) => addToOutbox(tx, message)),
    async announce({ photoId, ownerId, expiresAtMs }) {
      const id = await world.owe({ kind: 'originalArrived', payload: { photoId, ownerId, expiresAtMs } })
      await outbox.dispatch([id])
      await outbox.settled()
    },
    async photo(photoId) {
      const [row] = await db.primary<PhotoRow>({
        text: `SELECT status, visibility, version, access_epoch, failure_code, score::text, published_at, width, sha256
          FROM photos WHERE photo_id = $1`,
        values: [photoId],
      })
      return row!
    },
    variants: (photoId) =>
      db.primary({
        text: `SELECT variant, format, object_key FROM photo_variants WHERE photo_id = $1 ORDER BY 1, 2`,
        values: [photoId],
      }),
    progress: (photoId) =>
      temporal.workflow.getHandle(photoUploadWorkflowId(photoId)).query<UploadProgress>(UPLOAD_PROGRESS),
    async close() {
      await outbox.settled()
      await Promise.all(workers.map((worker) => worker.stop()))
      objects.close()
      // A throw-away instance goes with its namespaces; to delete one takes Temporal a second of a core.
      if (process.env.DARKROOM_TEST_INSTANCE) {
        await temporal.connection.operatorService.deleteNamespace({ namespace })
      }
      await Promise.all([db.close(), temporal.connection.close()])
    },
  }
  return world
}

export const allWorkers = [orchestrationWorker, mediaWorker, fanoutWorker, fanoutBulkWorker]

/** A JPEG that no other test has; unless told otherwise, no larger than it must be to have all variants. */
export async function somePhoto(width = 900, height = 675): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const
  return sharp({ create: { width, height, channels: 3, background: '#446688', noise } })
    .jpeg({ quality: 85 })
    .toBuffer()
}

/** Waits until `probe` returns something; fails with what it saw last. */
export async function eventually<T>(
  probe: () => Promise<T | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline)
      throw new Error(`did not happen within ${timeoutMs} ms: ${String(probe)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
