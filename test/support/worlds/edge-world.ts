import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { v7 as uuidv7 } from 'uuid'
import { imageMac, imageUrl, urlEpochs } from '../../../src/services/photos/image-url.ts'
import { variantKey } from '../../../src/services/photos/object-keys.ts'
import { createEdge } from '../../../src/infra/cdn/edge.ts'
import type { PrivateEdge } from '../servers/private-edge.ts'
import { openObjectStore, type ObjectStore } from '../../../src/infra/s3/object-store.ts'

export interface EdgeAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** An image in the real bucket, with what signs its URLs. */
export interface StoredImage {
  photoId: string
  epoch: number
  key: string
  bytes: Buffer
}

export function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the tests with npm test`)
  return value
}

/** Of all images here, unless a test says otherwise. */
export const OWNER = { userId: '7', accessEpoch: 1 }

const signingKey = () => setting('CDN_SIGNING_KEY')

export function openBucket(): ObjectStore {
  return openObjectStore({
    endpoint: setting('S3_ENDPOINT'),
    publicEndpoint: setting('S3_ENDPOINT'),
    region: setting('S3_REGION'),
    bucket: setting('S3_BUCKET'),
    accessKeyId: setting('S3_ACCESS_KEY_ID'),
    secretAccessKey: setting('S3_SECRET_ACCESS_KEY'),
  })
}

/** One edge, as Darkroom administers it. */
export function edgeAt({ url, adminUrl }: Pick<PrivateEdge, 'url' | 'adminUrl'>) {
  const edge = createEdge({ url, adminUrl, purgeToken: setting('CDN_PURGE_TOKEN'), fetchTimeoutMs: 10_000 })
  return {
    deny: (photoId: string, minEpoch: number) => edge.deny({ photoId }, minEpoch),
    denyAccount: (userId: string, minEpoch: number) => edge.deny({ userId }, minEpoch),
    denyAudience: (userId: string, minEpoch: number) => edge.deny({ audienceOf: userId }, minEpoch),
    purge: (paths: readonly string[]) => edge.purge(paths),
    findServed: (urls: readonly string[]) => edge.findServed(urls),
  }
}

/** Stores random bytes as a variant of a new photo (or of `photoId`). */
export async function storeImage(
  bucket: ObjectStore,
  options: { photoId?: string; epoch?: number; variant?: string; format?: string; bytes?: number } = {},
): Promise<StoredImage> {
  const { photoId = uuidv7(), epoch = 1, variant = 'thumb_200', format = 'webp' } = options
  const key = variantKey(photoId, epoch, variant, format)
  const bytes = randomBytes(options.bytes ?? 40_000)
  await bucket.put(key, bytes, `image/${format}`)
  return { photoId, epoch, key, bytes }
}

/** Path and query as the API would issue them. */
export function publicPath(
  image: { key: string; epoch: number },
  accessEpoch = image.epoch,
  owner = OWNER,
): string {
  return imageUrl({
    baseUrl: '',
    key: image.key,
    accessEpoch,
    owner,
    isPublic: true,
    signingKey: signingKey(),
    now: new Date(),
  }).url
}

export function signedPath(
  image: { key: string; epoch: number },
  accessEpoch = image.epoch,
  now = new Date(),
  owner = OWNER,
): string {
  return imageUrl({
    baseUrl: '',
    key: image.key,
    accessEpoch,
    owner,
    isPublic: false,
    signingKey: signingKey(),
    now,
  }).url
}

/** A well-signed URL of any path and expiry, also those that the API would never issue. */
export function forge(path: string, accessEpoch: number, expirySeconds: number | null = null): string {
  const expiry = expirySeconds === null ? '' : `&e=${expirySeconds}`
  const epochs = urlEpochs({ accessEpoch, owner: OWNER })
  return `${path}?${epochs}${expiry}&s=${imageMac(signingKey(), path, epochs, expirySeconds)}`
}

/** Sends the path exactly as given: `fetch` would resolve dots and re-encode. */
export function ask(
  edgeUrl: string,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<EdgeAnswer> {
  const { hostname, port } = new URL(edgeUrl)
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        hostname,
        port,
        path,
        method: options.method ?? 'GET',
        headers: options.headers ?? {},
        timeout: 20_000,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        )
      },
    )
    request.on('timeout', () => request.destroy(new Error('No answer within 20 s')))
    request.on('error', reject)
    request.end()
  })
}
