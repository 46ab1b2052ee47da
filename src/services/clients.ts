import type { Client as TemporalClient } from '@temporalio/client'
import type { Config } from '../config/config.ts'
import { storageOf } from '../infra/s3/storage-of.ts'
import { createCdn, type Cdn } from '../infra/cdn/cdn.ts'
import { cloudFrontSigner, createCloudFront } from '../infra/cdn/cloudfront.ts'
import { createEdge } from '../infra/cdn/edge.ts'
import { createFront } from '../infra/cdn/front.ts'
import { openClassifier } from '../infra/classifier/open-classifier.ts'
import type { Classifier } from '../infra/classifier/classifier.ts'
import type { Embedder } from '../infra/embedder/embedder.ts'
import { openEmbedder } from '../infra/embedder/open-embedder.ts'
import { openImageProcessor, type ImageProcessor } from '../infra/image/processor.ts'
import { openTextReader, type TextReader } from '../infra/image/text/open-text-reader.ts'
import { openDatabase, type Database } from '../infra/db/database.ts'
import { createUserUrls, type UserUrls } from '../infra/https/user-urls.ts'
import { openSearchClient, type Client as SearchClient } from '../infra/opensearch/client.ts'
import { createRedisBreaker, type RedisBreaker } from '../infra/redis/breaker.ts'
import { openRedis, type RedisClient } from '../infra/redis/client.ts'
import { openWakeUps, type WakeUps } from '../infra/redis/wake-ups.ts'
import { openArchive, type Archive } from '../infra/s3/archive.ts'
import { openObjectStore, type ObjectStore } from '../infra/s3/object-store.ts'
import { openTemporal } from '../infra/temporal/client.ts'
import { readTextRules } from '../infra/text-rules.ts'
import type { TextRules } from '../domain/text-rules.ts'
import type { Logger } from '../observability/logger.ts'

/** An edge answers a deny once it is on its disk, within a second; this leaves room for a slow network. */
const EDGE_TIMEOUT_MS = 5_000

const BYTES_PER_MB = 1_000_000
const PIXELS_PER_MEGAPIXEL = 1_000_000

/** The settings and clients of one process, which its modules share. */
export interface Clients {
  config: Config
  logger: Logger
  db: Database
  redis: RedisClient
  /** Saves callers from waiting for a Redis that does not answer. */
  breaker: RedisBreaker
  wakeUps: WakeUps
  objects: ObjectStore
  /** The cold storage; undefined where the settings name none. */
  archive: Archive | undefined
  temporal: TemporalClient
  openSearch: SearchClient
  cdn: Cdn
  /** Child processes that decode. */
  images: ImageProcessor
  /** Reads the text in pictures. */
  textReader: TextReader
  /** Undefined where the settings name none. */
  classifier: Classifier | undefined
  /** Undefined where the settings name none. */
  embedder: Embedder | undefined
  /** Posts to addresses that users gave. */
  userUrls: UserUrls
  /** What comments, names and captions may not say. */
  textRules: TextRules
  /** What closing waits for, while all clients are still open. */
  beforeClosing(work: () => Promise<unknown>): void
  /** Closes every opened client. */
  close(): Promise<void>
}

export interface ClientsOptions {
  /** Names the process's connections in Postgres. */
  applicationName: string
  /** Whether the process reads from the replica; workers decide and write, so they use only the primary. */
  readsReplica: boolean
}

/**
 * Opens the clients of a process. Each but the database is opened when a module first asks for it, so that a process
 * holds connections only to what its modules need.
 */
export async function openClients(
  config: Config,
  logger: Logger,
  { applicationName, readsReplica }: ClientsOptions,
): Promise<Clients> {
  const db = await openDatabase({
    url: config.DATABASE_URL,
    replicaUrl: readsReplica ? config.DATABASE_REPLICA_URL : undefined,
    replicaName: config.DATABASE_REPLICA_NAME,
    poolSize: config.DATABASE_POOL_SIZE,
    statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
    applicationName,
  })
  const closing: (() => unknown)[] = [() => db.close()]
  const finishing: (() => Promise<unknown>)[] = []

  /** Opens a client once, on first use, and registers it for closing. */
  function lazily<Client>(open: () => Client, close: (client: Client) => unknown): () => Client {
    let opened: { client: Client } | undefined
    return () => {
      if (!opened) {
        const client = open()
        opened = { client }
        closing.unshift(() => close(client))
      }
      return opened.client
    }
  }

  const redis = lazily(
    () => openRedis(config.REDIS_URL),
    (client) => client.disconnect(),
  )
  const breaker = lazily(
    () => createRedisBreaker(redis()),
    () => undefined,
  )
  const wakeUps = lazily(
    () => openWakeUps(redis()),
    (opened) => opened.close(),
  )
  const objects = lazily(
    () => openObjectStore({ ...storageOf(config), bucket: config.S3_BUCKET }),
    (store) => store.close(),
  )
  const archive = lazily(
    () =>
      config.S3_COLD_BUCKET === undefined
        ? undefined
        : openArchive({
            ...storageOf(config),
            bucket: config.S3_COLD_BUCKET,
            storageClass: config.S3_COLD_STORAGE_CLASS,
            restoreTier: config.S3_COLD_RESTORE_TIER,
            restoredDays: config.RESTORED_DAYS,
          }),
    (store) => store?.close(),
  )
  const temporal = lazily(
    () => openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE }),
    (client) => client.connection.close(),
  )
  const openSearch = lazily(
    () => openSearchClient(config.OPENSEARCH_URL),
    (client) => client.close(),
  )
  const cdn = lazily(
    () => openCdn(config),
    ({ close }) => close(),
  )

  const images = lazily(
    () =>
      openImageProcessor({
        children: config.MEDIA_CONCURRENCY,
        memoryBytes: config.MEDIA_MEMORY_MB * BYTES_PER_MB,
        sandbox: config.MEDIA_SANDBOX,
        logger,
      }),
    (opened) => opened.close(),
  )
  const textReader = lazily(
    () =>
      openTextReader({
        maxPixels: config.MAX_MEGAPIXELS * PIXELS_PER_MEGAPIXEL,
        sandbox: config.MEDIA_SANDBOX,
        logger,
      }),
    (opened) => opened.close(),
  )
  const classifier = lazily(
    () => openClassifier(config, logger),
    (opened) => opened?.close(),
  )
  const embedder = lazily(
    () => openEmbedder(config, { run: (...job) => images().run(...job) }),
    () => undefined,
  )
  const userUrls = lazily(
    () => createUserUrls({ networks: config.OUTGOING_NETWORKS, ports: config.OUTGOING_PORTS }),
    () => undefined,
  )
  const textRules = readTextRules(config.MODERATION_TEXT_RULES).compiled

  return {
    config,
    logger,
    db,
    textRules,
    get redis() {
      return redis()
    },
    get breaker() {
      return breaker()
    },
    get wakeUps() {
      return wakeUps()
    },
    get objects() {
      return objects()
    },
    get archive() {
      return archive()
    },
    get temporal() {
      return temporal()
    },
    get openSearch() {
      return openSearch()
    },
    get cdn() {
      return cdn().cdn
    },
    get images() {
      return images()
    },
    get textReader() {
      return textReader()
    },
    get classifier() {
      return classifier()?.classifier
    },
    get embedder() {
      return embedder()
    },
    beforeClosing: (work) => void finishing.push(work),
    get userUrls() {
      return userUrls()
    },
    async close() {
      await Promise.allSettled(finishing.map((finish) => finish()))
      await Promise.allSettled(closing.map(async (close) => close()))
    },
  }
}

/** The edges, and the caches that the settings put in front of them. */
function openCdn({ edges, front, cloudFront, CDN_PURGE_TOKEN: purgeToken }: Config) {
  const fetchTimeoutMs = EDGE_TIMEOUT_MS
  const distribution =
    cloudFront &&
    createCloudFront({
      ...cloudFront,
      fetchTimeoutMs,
      signer: cloudFront.key && cloudFrontSigner(cloudFront.key),
    })
  const fronts = [front && createFront({ ...front, fetchTimeoutMs }), distribution]
  const cdn = createCdn(
    edges.map((edge) => createEdge({ ...edge, purgeToken, fetchTimeoutMs })),
    fronts.filter((target) => target !== undefined),
  )
  return { cdn, close: () => distribution?.close() }
}
