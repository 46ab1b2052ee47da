import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  S3ServiceException,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

export interface StoredPart {
  number: number
  bytes: number
  /** Quoted, as S3 gives it. */
  etag: string
}

export interface PresignedPart {
  number: number
  url: string
  /** Signed: the storage takes exactly so many. */
  bytes: number
}

interface UnfinishedUpload {
  key: string
  uploadId: string
  initiated: Date
}

/** Objects that arrive in parts. */
export interface MultipartStore {
  /** @returns the storage's name of the upload */
  beginParts(key: string, contentType: string): Promise<string>
  presignPart(
    key: string,
    uploadId: string,
    part: { number: number; bytes: number; expiresInSeconds: number },
  ): Promise<PresignedPart>
  /** Stores a part, in the place of an earlier one of its number. @returns its ETag, quoted @throws UploadGoneError */
  putPart(key: string, uploadId: string, number: number, body: Buffer): Promise<string>
  /** The parts that have arrived, in order; undefined if there is no such upload (any more). */
  listParts(key: string, uploadId: string): Promise<StoredPart[] | undefined>
  /** Makes the object of its parts. @throws UploadGoneError if there is no such upload (any more) */
  completeParts(key: string, uploadId: string, parts: readonly StoredPart[]): Promise<void>
  /** Forgets the upload and its parts; their URLs stop working. Does nothing if there is no such upload. */
  abortParts(key: string, uploadId: string): Promise<void>
  /** Uploads that were neither completed nor aborted, in the order of their keys. */
  listUnfinished(prefix: string): AsyncIterable<UnfinishedUpload>
}

/** A part of a few dozen MB at a few MB/s. */
const PART_ANSWER_MS = 60_000

/** The upload was completed or aborted. */
export class UploadGoneError extends Error {
  override readonly name = 'UploadGoneError'
}

/** @param publicClient signs for the address where clients reach the storage */
export function createMultipartStore(
  client: S3Client,
  publicClient: S3Client,
  Bucket: string,
): MultipartStore {
  return {
    async beginParts(key, contentType) {
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ Bucket, Key: key, ContentType: contentType }),
      )
      return UploadId!
    },

    async presignPart(key, uploadId, { number, bytes, expiresInSeconds }) {
      const signed = new Set(['content-length'])
      const url = await getSignedUrl(
        publicClient,
        new UploadPartCommand({
          Bucket,
          Key: key,
          UploadId: uploadId,
          PartNumber: number,
          ContentLength: bytes,
        }),
        { expiresIn: expiresInSeconds, signableHeaders: signed, unhoistableHeaders: signed },
      )
      return { number, url, bytes }
    },

    async putPart(key, uploadId, number, body) {
      try {
        const { ETag } = await client.send(
          new UploadPartCommand({
            Bucket,
            Key: key,
            UploadId: uploadId,
            PartNumber: number,
            Body: body,
            ContentLength: body.length,
          }),
          { requestTimeout: PART_ANSWER_MS },
        )
        return ETag!
      } catch (error) {
        if (isGone(error)) throw new UploadGoneError(`no upload of ${key}`, { cause: error })
        throw error
      }
    },

    async listParts(key, uploadId) {
      const parts: StoredPart[] = []
      let marker: string | undefined
      try {
        do {
          const page = await client.send(
            new ListPartsCommand({ Bucket, Key: key, UploadId: uploadId, PartNumberMarker: marker }),
          )
          for (const part of page.Parts ?? [])
            parts.push({ number: part.PartNumber!, bytes: part.Size!, etag: part.ETag! })
          marker = page.IsTruncated ? page.NextPartNumberMarker : undefined
        } while (marker !== undefined)
      } catch (error) {
        if (isGone(error)) return undefined
        throw error
      }
      return parts
    },

    async completeParts(key, uploadId, parts) {
      try {
        await client.send(
          new CompleteMultipartUploadCommand({
            Bucket,
            Key: key,
            UploadId: uploadId,
            MultipartUpload: { Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })) },
          }),
        )
      } catch (error) {
        if (isGone(error)) throw new UploadGoneError(`no upload of ${key}`, { cause: error })
        throw error
      }
    },

    async abortParts(key, uploadId) {
      try {
        await client.send(new AbortMultipartUploadCommand({ Bucket, Key: key, UploadId: uploadId }))
      } catch (error) {
        if (!isGone(error)) throw error
      }
    },

    async *listUnfinished(prefix) {
      let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
      while (marker) {
        const page: Awaited<ReturnType<typeof listPage>> = await listPage(client, Bucket, prefix, marker)
        for (const upload of page.Uploads ?? []) {
          if (!upload.Key?.startsWith(prefix)) continue
          yield { key: upload.Key, uploadId: upload.UploadId!, initiated: upload.Initiated ?? new Date() }
        }
        marker =
          page.IsTruncated && page.NextKeyMarker
            ? {
                KeyMarker: page.NextKeyMarker,
                ...(page.NextUploadIdMarker && { UploadIdMarker: page.NextUploadIdMarker }),
              }
            : undefined
      }
    },
  }
}

const listPage = (
  client: S3Client,
  Bucket: string,
  Prefix: string,
  marker: { KeyMarker?: string; UploadIdMarker?: string },
) => client.send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...marker }))

function isGone(error: unknown): boolean {
  return (
    error instanceof S3ServiceException &&
    (error.name === 'NoSuchUpload' || error.$metadata.httpStatusCode === 404)
  )
}
