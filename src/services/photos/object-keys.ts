import { isUuid, type PhotoId } from '../../domain/ids.ts'
import { AVATAR_SIZE_NAMES, type AvatarSize } from '../../domain/avatars.ts'
import { VARIANT_NAMES } from '../../domain/variants.ts'

/** The key for the pre-signed PUT; nothing is ever served from it. */
export const incomingKey = (photoId: PhotoId): string => `incoming/${photoId}`
/** The prefix of everything that edges may read of a photo. */
export const variantsPrefix = (photoId: PhotoId): string => `variants/${photoId}/`

const VARIANT_NAME = /^[a-z][a-z0-9_]{0,31}$/
const IMAGE_FORMATS = new Set(['jpeg', 'jpg', 'webp', 'avif', 'png', 'gif', 'heic', 'heif', 'tiff'])
/** An edge takes no higher one; no deny is above it. */
export const MAX_EPOCH = 999_999_999_999_999
const EPOCH_OF_KEY = /^(variants\/[^/]+\/)(\d+)(\/.*)$/

/**
 * The object key of a stored variant, `variants/<photoId>/<epoch>/<variant>.<format>`. Only storing one builds a key; from
 * then on its row tells the key, and a narrowing moves it ({@link keyAtEpoch}).
 *
 * @param epoch the photo's access epoch when the object is stored
 * @throws RangeError for a key that the edge would not serve: keys are built from our own values, never from input
 */
export function variantKey(photoId: PhotoId, epoch: number, variant: string, format: string): string {
  if (!isUuid(photoId)) throw new RangeError('Not a photo id')
  assertEpoch(epoch)
  if (!VARIANT_NAME.test(variant)) throw new RangeError('Not a variant name')
  if (!IMAGE_FORMATS.has(format)) throw new RangeError('Not an image format')
  return `${variantsPrefix(photoId)}${epoch}/${variant}.${format}`
}

/** The access epoch that is part of a variant's key; undefined for other keys. */
export function epochOfKey(key: string): number | undefined {
  const epoch = EPOCH_OF_KEY.exec(key)?.[2]
  return epoch === undefined ? undefined : Number(epoch)
}

/**
 * What a negotiated URL names in place of an object: one size of a photo, whose format the edge chooses for each request
 * (`variants/<photoId>/<epoch>/<variant>.auto`). No object has this key.
 *
 * @param key of the size in any format
 * @throws RangeError if it is not a variant's key
 */
export function negotiatedKey(key: string): string {
  if (epochOfKey(key) === undefined) throw new RangeError('Not the key of a variant')
  return key.replace(/\.[a-z]+$/, '.auto')
}

/** What negotiated URLs of all sizes, of a photo or of an avatar, name at the epoch of a variant's key. @throws RangeError if it is not one */
export function negotiatedKeysBeside(key: string): string[] {
  const [, folder, size] = /^(.*\/)([^/.]+)\.auto$/.exec(negotiatedKey(key))!
  const names = AVATAR_SIZE_NAMES.includes(size as AvatarSize) ? AVATAR_SIZE_NAMES : VARIANT_NAMES
  return names.map((name) => `${folder}${name}.auto`)
}

/**
 * The key that a stored variant has under another access epoch; the rest stays the same.
 *
 * @throws RangeError if it is not a variant's key
 */
export function keyAtEpoch(key: string, epoch: number): string {
  assertEpoch(epoch)
  const [, before, , after] = EPOCH_OF_KEY.exec(key) ?? []
  if (before === undefined) throw new RangeError('Not the key of a variant')
  return `${before}${epoch}${after}`
}

/** @throws RangeError if an edge would not take it for an access epoch */
export function assertEpoch(epoch: number): void {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > MAX_EPOCH) throw new RangeError('Not an access epoch')
}
