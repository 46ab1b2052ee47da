import { createHmac } from 'node:crypto'
import { isUuid, type UserId } from '../../domain/ids.ts'
import type { LinkId } from '../../domain/viewer.ts'
import { assertEpoch } from './object-keys.ts'

/**
 * The owner's epoch in image URLs, of `users u`. `audience_epoch` concerns signed URLs alone; the sum only rises, as both
 * do, so that edges compare one number.
 */
export const OWNER_EPOCH = '(u.access_epoch + u.audience_epoch)'

/** How long a signed URL may live at most; the edge refuses a longer one even if well signed. */
export const MAX_SIGNED_URL_SECONDS = 600

/** URLs of one window are equal, so that viewers share a browser or proxy entry and API answers keep their ETag. */
export const URL_WINDOW_SECONDS = 300

export interface ImageUrlInput {
  /** Public address of the CDN, with or without a closing slash. */
  baseUrl: string
  /** Object key as `variantKey` builds it, or `negotiatedKey`, which has the edge choose the format. */
  key: string
  /** The photo's access epoch now, which may be above the key's while a narrowing moves the objects. */
  accessEpoch: number
  /** The account whose photo it is, with its own epoch ({@link OWNER_EPOCH}): edges deny all of its photos by one entry. */
  owner: { userId: UserId; accessEpoch: number }
  /** Public photos get a URL without expiry that caches keep; all others one of this window. */
  isPublic: boolean
  /**
   * The share link that it is issued through: edges deny all URLs of a link by one entry, and none outlives it. Such a URL
   * has an expiry even if the photo is public.
   */
  link?: { linkId: LinkId; expiresAt: Date | null } | undefined
  signingKey: string
  /** Adds the signature that a CDN in front of the edges asks for. */
  signForFront?: ((url: string, expiresAt: Date | null) => string) | undefined
  now: Date
}

export interface ImageUrl {
  url: string
  /** When the edge starts to refuse the URL; null for public photos, since their URLs live until the epoch moves. */
  expiresAt: Date | null
}

/** The URL under which the edge serves an object. Call it only after the viewer's right was checked. */
export function imageUrl(input: ImageUrlInput): ImageUrl {
  const path = `/${input.key}`
  const expirySeconds = expiryOf(input)
  const epochs = urlEpochs(input)
  const mac = imageMac(input.signingKey, path, epochs, expirySeconds)
  const expiry = expirySeconds === null ? '' : `&e=${expirySeconds}`
  const url = `${input.baseUrl.replace(/\/+$/, '')}${path}?${epochs}${expiry}&s=${mac}`
  const expiresAt = expirySeconds === null ? null : new Date(expirySeconds * 1000)
  return { url: input.signForFront?.(url, expiresAt) ?? url, expiresAt }
}

function expiryOf({ isPublic, link, now }: ImageUrlInput): number | null {
  if (!link) return isPublic ? null : windowExpirySeconds(now)
  const endSeconds = link.expiresAt === null ? Infinity : Math.floor(link.expiresAt.getTime() / 1000)
  return Math.min(windowExpirySeconds(now), endSeconds)
}

/**
 * When a URL issued at `now` expires, in Unix seconds: the end of the window after the current one, so that every URL
 * lives more than {@link URL_WINDOW_SECONDS} and at most {@link MAX_SIGNED_URL_SECONDS}.
 */
export function windowExpirySeconds(now: Date): number {
  const window = Math.floor(now.getTime() / 1000 / URL_WINDOW_SECONDS)
  return (window + 2) * URL_WINDOW_SECONDS
}

/**
 * How an image URL tells what edges deny it by: the epochs of the photo and of its owner, and the link that it was issued
 * through, `a=<epoch>&o=<user id>.<epoch>[&l=<link id>]`.
 */
export function urlEpochs({
  accessEpoch,
  owner,
  link,
}: Pick<ImageUrlInput, 'accessEpoch' | 'owner' | 'link'>): string {
  assertEpoch(accessEpoch)
  assertEpoch(owner.accessEpoch)
  const epochs = `a=${accessEpoch}&o=${owner.userId}.${owner.accessEpoch}`
  if (!link) return epochs
  if (!isUuid(link.linkId)) throw new RangeError('Not a link id')
  return `${epochs}&l=${link.linkId}`
}

/**
 * The `s` of an image URL: base64url of HMAC-SHA256 over path, epochs and expiry. The edge computes the same in
 * stack/edge/edge.js.
 *
 * @param path the object key with a leading slash
 * @param epochs as {@link urlEpochs} writes them
 * @param expirySeconds Unix seconds, or null for a public URL
 */
export function imageMac(
  signingKey: string,
  path: string,
  epochs: string,
  expirySeconds: number | null,
): string {
  return createHmac('sha256', signingKey)
    .update(`${path}\n${epochs}\n${expirySeconds ?? 'public'}`)
    .digest('base64url')
}
