import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HeadObjectCommand, RestoreObjectCommand, S3Client, type Tier } from '@aws-sdk/client-s3'
import {
  guarded,
  openObjectStore,
  type Contents,
  type ObjectStore,
  type ObjectStoreOptions,
} from './object-store.ts'

export interface ArchiveOptions extends ObjectStoreOptions {
  /** The storage class of what is stored; by default the bucket's own. */
  storageClass?: string | undefined
  /** How a class that cannot be read at once is to be restored. */
  restoreTier: Tier
  /** How long a restored object of such a class may be read, and so copied. */
  restoredDays: number
}

/** The cold storage of originals: a bucket of its own, a storage class, or both. */
export interface Archive {
  /** Objects can be read as they are; else they have to be restored first, which takes a while. */
  isReadable: boolean
  /** How long a restore usually takes. */
  restoreMs: number
  /** @throws ContentsDifferError if the bytes are not these; nothing is stored then */
  store(key: string, source: { body: Readable; bytes: number }, contents: Contents): Promise<void>
  /** Whether these bytes are stored: read back and hashed, or where they cannot be read, as the storage itself hashed them. */
  verify(key: string, contents: Contents): Promise<boolean>
  /** @throws ObjectMissingError */
  read(key: string): ReturnType<ObjectStore['read']>
  readRange: ObjectStore['readRange']
  /** Asks for the object to become readable; may be called again. @throws ObjectMissingError */
  restore(key: string): Promise<'readable' | 'restoring'>
  delete(keys: readonly string[]): Promise<void>
  close(): void
}

/** Classes whose objects answer 403 InvalidObjectState until they are restored. */
const ARCHIVE_CLASSES = new Set(['GLACIER', 'DEEP_ARCHIVE'])
const HOUR_MS = 60 * 60 * 1000
/** By class and tier, as Amazon states them for S3 Glacier (docs.aws.amazon.com, Archive retrieval options). */
const RESTORE_MS: Record<string, Partial<Record<Tier, number>>> = {
  GLACIER: { Expedited: 5 * 60 * 1000, Standard: 5 * HOUR_MS, Bulk: 12 * HOUR_MS },
  DEEP_ARCHIVE: { Standard: 12 * HOUR_MS, Bulk: 48 * HOUR_MS },
}

export function openArchive(options: ArchiveOptions): Archive {
  const { endpoint, region, bucket: Bucket, accessKeyId, secretAccessKey, storageClass } = options
  const objects = openObjectStore(options)
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 60_000, socketTimeout: 60_000 },
  })
  const isReadable = !ARCHIVE_CLASSES.has(storageClass ?? '')
  const head = (Key: string) =>
    guarded(Key, () => client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' })))

  return {
    isReadable,
    restoreMs: (storageClass && RESTORE_MS[storageClass]?.[options.restoreTier]) || 0,

    store: (key, source, contents) => objects.putStream(key, source, contents, storageClass),

    async verify(key, contents) {
      if (isReadable) {
        const { body } = await objects.read(key)
        return isSame(await contentsOf(body), contents)
      }
      const { ContentLength: bytes, ChecksumSHA256: checksum } = await head(key)
      return bytes === contents.bytes && checksum === Buffer.from(contents.sha256, 'hex').toString('base64')
    },

    read: (key) => objects.read(key),
    readRange: (...range) => objects.readRange(...range),

    async restore(key) {
      if (isReadable) return 'readable'
      const { Restore } = await head(key)
      if (Restore !== undefined) return /ongoing-request="false"/.test(Restore) ? 'readable' : 'restoring'
      try {
        await guarded(key, () =>
          client.send(
            new RestoreObjectCommand({
              Bucket,
              Key: key,
              RestoreRequest: {
                Days: options.restoredDays,
                GlacierJobParameters: { Tier: options.restoreTier },
              },
            }),
          ),
        )
      } catch (error) {
        if (!(error instanceof Error && error.name === 'RestoreAlreadyInProgress')) throw error
      }
      return 'restoring'
    },

    delete: (keys) => objects.delete(keys),

    close() {
      client.destroy()
      objects.close()
    },
  }
}

/** Reads a stream to its end. */
async function contentsOf(body: Readable): Promise<Contents> {
  const hash = createHash('sha256')
  let bytes = 0
  await pipeline(body, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk)
      bytes += chunk.length
    }
  })
  return { bytes, sha256: hash.digest('hex') }
}

const isSame = (one: Contents, other: Contents): boolean =>
  one.bytes === other.bytes && one.sha256 === other.sha256
