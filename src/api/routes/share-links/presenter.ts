import type { z } from 'zod'
import { DOWNLOAD } from '../../../domain/variants.ts'
import type { LinkId } from '../../../domain/viewer.ts'
import { imageUrl, type ImageUrlInput } from '../../../services/photos/image-url.ts'
import type { PhotoCard } from '../../../services/photos/photo-cards.ts'
import type { OfferedPhoto } from '../../../services/share-links/drop-box.ts'
import type { LinkInfo } from '../../../services/share-links/share-links.ts'
import type { VisitedLink } from '../../../services/share-links/visits.ts'
import { presentSources, type PresentPhoto } from '../photos/presenter.ts'
import type { UserViewer } from '../../../domain/viewer.ts'
import type { OfferedPhotoSchema } from './drop-box-schema.ts'
import type { LinkSchema } from './schema.ts'
import type { SharedPhotoSchema } from './visitor-schema.ts'

export function presentLink(link: LinkInfo): z.infer<typeof LinkSchema> {
  return {
    id: link.linkId,
    label: link.label,
    hasPassword: link.hasPassword,
    expiresAt: link.expiresAt?.toISOString() ?? null,
    maxViews: link.maxViews,
    views: link.views,
    allowUpload: link.allowUpload,
    state: link.state,
    lastUsedAt: link.lastUsedAt?.toISOString() ?? null,
    createdAt: link.createdAt.toISOString(),
  }
}

export function presentOffered(
  { photo, name, linkId, offeredAt }: OfferedPhoto,
  viewer: UserViewer,
  present: PresentPhoto,
): z.infer<typeof OfferedPhotoSchema> {
  return {
    id: photo.photoId,
    name,
    linkId,
    offeredAt: offeredAt.toISOString(),
    photo: present(photo, viewer),
  }
}

export interface SharedPhotoOptions {
  CDN_BASE_URL: string
  CDN_SIGNING_KEY: string
  signForFront?: ImageUrlInput['signForFront']
}

/**
 * Shows a photo to whoever has a link. It lists what is shown, so that a field of a photo stays hidden until somebody decides
 * otherwise: no place, no camera, no time, no original, no account but its name.
 */
export function presentShared(
  card: PhotoCard,
  link: { linkId: LinkId } & Pick<VisitedLink, 'expiresAt'>,
  { CDN_BASE_URL, CDN_SIGNING_KEY, signForFront }: SharedPhotoOptions,
): z.infer<typeof SharedPhotoSchema> {
  const { username, displayName } = card.owner
  const sign = (key: string) => {
    const { url, expiresAt } = imageUrl({
      baseUrl: CDN_BASE_URL,
      key,
      accessEpoch: card.accessEpoch,
      owner: card.owner,
      isPublic: false,
      link,
      signingKey: CDN_SIGNING_KEY,
      signForFront,
      now: new Date(),
    })
    return { url, expiresAt: expiresAt! }
  }
  type Shared = z.infer<typeof SharedPhotoSchema>
  return {
    id: card.photoId,
    owner: { username, displayName },
    caption: card.caption,
    altText: card.altText,
    tags: card.tags,
    width: card.width,
    height: card.height,
    placeholder: card.thumbhash,
    variants: card.variants
      .filter(({ variant }) => variant !== 'original' && variant !== DOWNLOAD)
      .map(({ variant, format, width, height, bytes, objectKey }) => {
        const { url, expiresAt } = sign(objectKey)
        const name = variant as Shared['variants'][number]['name']
        return { name, format, width, height, bytes, url, expiresAt: expiresAt.toISOString() }
      }),
    sources: presentSources(card.variants, sign) as Shared['sources'],
  }
}
