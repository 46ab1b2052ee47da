import type { z } from 'zod'
import { formatTakenAt } from '../../../domain/taken-at.ts'
import { imageUrl, type ImageUrl, type ImageUrlInput } from '../../../services/photos/image-url.ts'
import { DOWNLOAD, VARIANT_NAMES } from '../../../domain/variants.ts'
import { negotiatedKey } from '../../../services/photos/object-keys.ts'
import { viewerUserId, type Viewer } from '../../../domain/viewer.ts'
import type { CardVariant, PhotoCard } from '../../../services/photos/photo-cards.ts'
import type { PlaceOf } from '../../../infra/geo/places.ts'
import type { PresentPeople } from '../accounts/presenter.ts'
import type { PhotoSchema } from './schema.ts'

type PresentedPhoto = z.infer<typeof PhotoSchema>
type PresentedVariant = PresentedPhoto['variants'][number]

/** Shows a photo with newly signed image URLs; its card proves the viewer's right to see it. */
export type PresentPhoto = (card: PhotoCard, viewer: Viewer) => PresentedPhoto

export interface PhotoPresenterOptions {
  cdnBaseUrl: string
  cdnSigningKey: string
  signForFront?: ImageUrlInput['signForFront']
  /** The public address of the API, which serves originals. */
  publicUrl: string
  placeOf: PlaceOf
  people: Pick<PresentPeople, 'owner'>
}

/** Some 400 bytes each. A page of a feed has 80 URLs; signing them is a tenth of its cost, and most are asked for again. */
const MAX_REMEMBERED_URLS = 20_000

export function createPhotoPresenter(options: PhotoPresenterOptions): PresentPhoto {
  const sign = createSigner(options)
  return (card, viewer) => {
    const isOwner = viewerUserId(viewer) === card.owner.userId
    return {
      id: card.photoId,
      owner: options.people.owner(card.owner),
      caption: card.caption,
      altText: card.altText,
      tags: card.tags,
      visibility: card.visibility,
      status: card.status,
      ...(card.failure ? { failure: card.failure } : {}),
      width: card.width,
      height: card.height,
      placeholder: card.thumbhash,
      takenAt: card.takenAt !== null && (isOwner || card.shareTakenAt) ? formatTakenAt(card.takenAt) : null,
      ...(card.camera !== null && (isOwner || card.shareCamera) ? { camera: card.camera } : {}),
      ...(card.location !== null && (isOwner || card.shareLocation)
        ? { location: card.location, place: options.placeOf(card.location) }
        : {}),
      createdAt: card.createdAt.toISOString(),
      publishedAt: card.publishedAt?.toISOString() ?? null,
      likeCount: card.likeCount,
      commentCount: card.commentCount,
      likedByMe: card.likedByViewer,
      commentPolicy: card.commentPolicy,
      sensitive: card.sensitive || (card.isLimited && !isOwner),
      variants: card.variants.flatMap((variant) => presentVariant(card, variant, isOwner, options, sign)),
      sources: presentSources(card.variants, (key) => sign(card, key)),
      ...(isOwner
        ? {
            shareLocation: card.shareLocation,
            shareCamera: card.shareCamera,
            shareTakenAt: card.shareTakenAt,
            shareText: card.shareText,
            allowDownload: card.allowDownload,
            limited: card.isLimited,
            availability: card.availability ?? 'hot',
          }
        : {}),
    }
  }
}

function presentVariant(
  card: PhotoCard,
  variant: CardVariant,
  isOwner: boolean,
  options: PhotoPresenterOptions,
  sign: SignVariant,
): PresentedVariant[] {
  const { format, width, height, bytes } = variant
  // Others download a copy without metadata, the owner the file itself.
  if (variant.variant === DOWNLOAD && (isOwner || !card.allowDownload)) return []
  const name = (variant.variant === DOWNLOAD ? 'original' : variant.variant) as PresentedVariant['name']
  if (variant.variant === 'original') {
    // The original holds its metadata, so only its owner gets it, and only through the API; not out of the trash.
    if (!isOwner || card.status === 'trashed') return []
    const url = `${options.publicUrl.replace(/\/+$/, '')}/v1/photos/${card.photoId}/original`
    return [{ name, format, width, height, bytes, url }]
  }
  const { url, expiresAt } = sign(card, variant.objectKey)
  return [
    { name, format, width, height, bytes, url, ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}) },
  ]
}

/**
 * One entry for each size that is stored, smallest first, with a URL whose format the edge chooses for each request. Every
 * client takes JPEG, so that a size is shown once it has one.
 */
export function presentSources(
  variants: readonly CardVariant[],
  sign: (key: string) => ImageUrl,
): PresentedPhoto['sources'] {
  return VARIANT_NAMES.flatMap((name) => {
    const jpeg = variants.find(({ variant, format }) => variant === name && format === 'jpeg')
    if (!jpeg) return []
    const { url, expiresAt } = sign(negotiatedKey(jpeg.objectKey))
    const { width, height } = jpeg
    return [{ name, width, height, url, ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}) }]
  })
}

type SignVariant = (card: PhotoCard, key: string) => ImageUrl

/** Remembers the URLs of public photos, which depend only on the object and the access epochs. */
function createSigner({ cdnBaseUrl, cdnSigningKey, signForFront }: PhotoPresenterOptions): SignVariant {
  const remembered = new Map<string, ImageUrl>()
  return ({ accessEpoch, visibility, status, owner }, objectKey) => {
    const isPublic = visibility === 'public' && status === 'ready' && !owner.isPrivate
    const name = `${accessEpoch} ${owner.accessEpoch} ${objectKey}`
    const known = isPublic ? remembered.get(name) : undefined
    if (known) return known
    const signed = imageUrl({
      baseUrl: cdnBaseUrl,
      key: objectKey,
      accessEpoch,
      owner,
      isPublic,
      signingKey: cdnSigningKey,
      signForFront,
      now: new Date(),
    })
    if (isPublic) {
      if (remembered.size >= MAX_REMEMBERED_URLS) remembered.delete(remembered.keys().next().value!)
      remembered.set(name, signed)
    }
    return signed
  }
}
