import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  type StorageClass,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { createMultipartStore, type MultipartStore } from './multipart.ts'

export interface ObjectStoreOptions {
  endpoint: string
  /** The address where clients reach the storage; pre-signed URLs are signed for it. */
  publicEndpoint: string
  region: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
  /** For tests. */
  timeouts?: Partial<Timeouts>
}

interface Timeouts {
  connectMs: number
  /** Until the answer begins. */
  answerMs: number
  /** Without a byte from or to the storage, or if the reader of a download has stopped reading. */
  silenceMs: number
}

interface ObjectHead {
  /** Quoted, as S3 gives it: for pinning what was looked at. */
  etag: string
  bytes: number
  contentType: string | undefined
  lastModified: Date | undefined
}

export interface PresignedPut {
  url: string
  /** To be sent exactly; Content-Length is signed too, but clients set it themselves. */
  headers: Record<string, string>
  expiresAt: Date
}

export interface StoredObject {
  key: string
  bytes: number
  lastModified: Date
}

export interface ObjectStore extends MultipartStore {
  presignPut(options: PresignPutOptions): Promise<PresignedPut>
  /** A URL for clients that reads the object, and that no cache keeps. */
  presignGet(
    key: string,
    expiresInSeconds: number,
    /** What browsers call the download; without one, they show the object. */
    fileName?: string,
  ): Promise<{ url: string; expiresAt: Date }>
  /** undefined if the object does not exist. */
  head(key: string): Promise<ObjectHead | undefined>
  /** The object's bytes, only if it still has this ETag. @throws ObjectChangedError, ObjectMissingError */
  read(
    key: string,
    etag?: string,
  ): Promise<{ body: Readable; etag: string; bytes: number; contentType: string | undefined }>
  /** Some of the object's bytes. @throws ObjectMissingError, ContentsDifferError if it ends before */
  readRange(key: string, from: number, bytes: number): Promise<Buffer>
  put(key: string, body: Buffer | { file: string; bytes: number }, contentType: string): Promise<void>
  /**
   * Stores a stream, of which the storage refuses other bytes than these; not repeated by itself if it fails.
   * @throws ContentsDifferError
   */
  putStream(
    key: string,
    source: { body: Readable; bytes: number },
    contents: Contents,
    storageClass?: string,
  ): Promise<void>
  /** Copies within the bucket, only if the source still has this ETag. @throws ObjectChangedError, ObjectMissingError */
  copy(from: string, to: string, etag?: string): Promise<void>
  /** Deletes the objects that exist; does not tell how many did. */
  delete(keys: readonly string[]): Promise<void>
  /** Objects under a prefix in the order of their keys, read in pages of 1,000; with `after`, those behind that key. */
  list(prefix: string, after?: string): AsyncIterable<StoredObject>
  /** Whether the bucket answers. */
  ping(): Promise<void>
  close(): void
}

interface PresignPutOptions {
  key: string
  bytes: number
  contentType: string
  /** Hex; S3 refuses other bytes. */
  sha256?: string | undefined
  expiresInSeconds: number
}

/** What is stored, for checks. */
export interface Contents {
  bytes: number
  /** Hex. */
  sha256: string
}

/** The bytes that were read are not those that were expected. */
export class ContentsDifferError extends Error {
  override readonly name = 'ContentsDifferError'
}

/** The object does not exist. */
export class ObjectMissingError extends Error {
  override readonly name = 'ObjectMissingError'
}
/** The object is not the one that was inspected. */
class ObjectChangedError extends Error {
  override readonly name = 'ObjectChangedError'
}

const DELETE_BATCH_KEYS = 1_000
/** Each try; the SDK makes three. */
const TIMEOUTS: Timeouts = { connectMs: 2_000, answerMs: 30_000, silenceMs: 60_000 }
/** A copy of gigabytes begins to answer late. */
const COPY_ANSWER_MS = 60_000
/**
 * Downloads last as long as their readers please, so they have connections of their own: else a few dozen slow readers
 * would keep every other request of the process waiting.
 */
const MAX_DOWNLOADS = 200

/** S3 or whatever speaks it. Signs with `requestChecksumCalculation: WHEN_REQUIRED`, else a CRC of nothing is signed in. */
export function openObjectStore(options: ObjectStoreOptions): ObjectStore {
  const { connectMs, answerMs, silenceMs } = { ...TIMEOUTS, ...options.timeouts }
  const clientFor = (endpoint: string, maxSockets?: number) =>
    new S3Client({
      endpoint,
      region: options.region,
      forcePathStyle: true,
      credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: connectMs,
        requestTimeout: answerMs,
        // Without it a request that takes longer is but logged.
        throwOnRequestTimeout: true,
        socketTimeout: silenceMs,
        ...(maxSockets === undefined ? {} : { httpAgent: { maxSockets }, httpsAgent: { maxSockets } }),
      },
    })
  const client = clientFor(options.endpoint)
  const downloads = clientFor(options.endpoint, MAX_DOWNLOADS)
  const publicClient = clientFor(options.publicEndpoint)
  const Bucket = options.bucket

  return {
    ...createMultipartStore(client, publicClient, Bucket),

    async presignPut({ key, bytes, contentType, sha256, expiresInSeconds }) {
      const checksum = sha256 === undefined ? undefined : Buffer.from(sha256, 'hex').toString('base64')
      const command = new PutObjectCommand({
        Bucket,
        Key: key,
        ContentLength: bytes,
        ContentType: contentType,
        IfNoneMatch: '*',
        ...(checksum === undefined ? {} : { ChecksumSHA256: checksum }),
      })
      const signed = ['content-length', 'content-type', 'if-none-match']
      if (checksum !== undefined) signed.push('x-amz-checksum-sha256')
      const url = await getSignedUrl(publicClient, command, {
        expiresIn: expiresInSeconds,
        signableHeaders: new Set(signed),
        unhoistableHeaders: new Set(signed),
      })
      return {
        url,
        headers: {
          'Content-Type': contentType,
          'If-None-Match': '*',
          ...(checksum === undefined ? {} : { 'x-amz-checksum-sha256': checksum }),
        },
        expiresAt: new Date(Date.now() + expiresInSeconds * 1000),
      }
    },

    async presignGet(Key, expiresInSeconds, fileName) {
      const command = new GetObjectCommand({
        Bucket,
        Key,
        ResponseCacheControl: 'no-store',
        ...(fileName && { ResponseContentDisposition: `attachment; filename="${fileName}"` }),
      })
      const url = await getSignedUrl(publicClient, command, { expiresIn: expiresInSeconds })
      return { url, expiresAt: new Date(Date.now() + expiresInSeconds * 1000) }
    },

    async head(key) {
      try {
        const head = await client.send(new HeadObjectCommand({ Bucket, Key: key }))
        return {
          etag: head.ETag!,
          bytes: head.ContentLength!,
          contentType: head.ContentType,
          lastModified: head.LastModified,
        }
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },

    async read(key, etag) {
      return guarded(key, async () => {
        const got = await downloads.send(
          new GetObjectCommand({ Bucket, Key: key, ...(etag === undefined ? {} : { IfMatch: etag }) }),
        )
        return {
          body: got.Body as Readable,
          etag: got.ETag!,
          bytes: got.ContentLength!,
          contentType: got.ContentType,
        }
      })
    },

    readRange: (Key, from, bytes) =>
      guarded(Key, async () => {
        const Range = `bytes=${from}-${from + bytes - 1}`
        const { Body } = await downloads.send(new GetObjectCommand({ Bucket, Key, Range }))
        const read = await buffer(Body as Readable)
        if (read.length !== bytes)
          throw new ContentsDifferError(`${Key} has no ${bytes} bytes from ${from} on`)
        return read
      }),

    async put(key, body, contentType) {
      const isBuffer = Buffer.isBuffer(body)
      await client.send(
        new PutObjectCommand({
          Bucket,
          Key: key,
          Body: isBuffer ? body : createReadStream(body.file),
          ContentLength: isBuffer ? body.byteLength : body.bytes,
          ContentType: contentType,
        }),
      )
    },

    async putStream(key, { body, bytes }, contents, storageClass) {
      try {
        // Else the storage would wait for the rest.
        if (bytes !== contents.bytes) throw new ContentsDifferError(`${key}: ${bytes} bytes`)
        await downloads.send(
          new PutObjectCommand({
            Bucket,
            Key: key,
            Body: body,
            ContentLength: bytes,
            ChecksumSHA256: Buffer.from(contents.sha256, 'hex').toString('base64'),
            ...(storageClass && { StorageClass: storageClass as StorageClass }),
          }),
        )
      } catch (error) {
        if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 400)
          throw new ContentsDifferError(`${key}: ${error.name}`, { cause: error })
        throw error
      } finally {
        body.destroy()
      }
    },

    async copy(from, to, etag) {
      await guarded(from, () =>
        client.send(
          new CopyObjectCommand({
            Bucket,
            Key: to,
            CopySource: `${Bucket}/${encodeURI(from)}`,
            ...(etag === undefined ? {} : { CopySourceIfMatch: etag }),
          }),
          { requestTimeout: COPY_ANSWER_MS },
        ),
      )
    },

    async delete(keys) {
      if (keys.length === 1) {
        await client.send(new DeleteObjectCommand({ Bucket, Key: keys[0]! }))
        return
      }
      for (let start = 0; start < keys.length; start += DELETE_BATCH_KEYS) {
        const Objects = keys.slice(start, start + DELETE_BATCH_KEYS).map((Key) => ({ Key }))
        const { Errors } = await client.send(
          new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
        )
        const failed = Errors?.filter((error) => error.Code !== 'NoSuchKey') ?? []
        if (failed.length > 0)
          throw new Error(`could not delete ${failed.length} objects: ${failed[0]!.Code}`)
      }
    },

    async *list(prefix, after) {
      let token: string | undefined
      do {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: prefix,
            ContinuationToken: token,
            ...(after && { StartAfter: after }),
          }),
        )
        for (const object of page.Contents ?? []) {
          yield { key: object.Key!, bytes: object.Size!, lastModified: object.LastModified! }
        }
        token = page.NextContinuationToken
      } while (token !== undefined)
    },

    async ping() {
      await client.send(new HeadBucketCommand({ Bucket }))
    },

    close() {
      client.destroy()
      downloads.destroy()
      publicClient.destroy()
    },
  }
}

/** Makes the errors of a call for an object those of this module. @throws ObjectMissingError, ObjectChangedError */
export async function guarded<T>(key: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isMissing(error)) throw new ObjectMissingError(`no object ${key}`, { cause: error })
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412) {
      throw new ObjectChangedError(`object ${key} has changed`, { cause: error })
    }
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404
}
