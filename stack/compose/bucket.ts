import { randomUUID } from 'node:crypto'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'

/** A client for the account in the settings, for set-up only: it does not retry. */
export function bucketClient(env: Record<string, string | undefined>): S3Client {
  return new S3Client({
    endpoint: env.S3_ENDPOINT ?? '',
    region: env.S3_REGION ?? '',
    forcePathStyle: true,
    credentials: { accessKeyId: env.S3_ACCESS_KEY_ID ?? '', secretAccessKey: env.S3_SECRET_ACCESS_KEY ?? '' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  })
}

/** Creates the bucket if needed and proves it writable: SeaweedFS answers seconds before it can store. */
export async function proveWritable(client: S3Client, bucket: string): Promise<void> {
  const probe = { Bucket: bucket, Key: `probe/${randomUUID()}` }
  await client.send(new CreateBucketCommand({ Bucket: bucket })).catch((error: Error) => {
    if (!/^BucketAlready/.test(error.name)) throw error
  })
  await client.send(new PutObjectCommand({ ...probe, Body: 'probe' }))
  await client.send(new DeleteObjectCommand(probe))
}

/** Browsers upload by pre-signed PUT from any origin; the signature is what authorizes. */
export async function allowBrowsers(client: S3Client, bucket: string): Promise<void> {
  const rule = {
    AllowedMethods: ['PUT', 'GET', 'HEAD'],
    AllowedOrigins: ['*'],
    AllowedHeaders: ['*'],
    ExposeHeaders: ['ETag'],
    MaxAgeSeconds: 3600,
  }
  await client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: [rule] } }))
}
