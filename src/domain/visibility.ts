export const VISIBILITIES = ['public', 'followers', 'private'] as const
export type Visibility = (typeof VISIBILITIES)[number]

export const PHOTO_STATUSES = [
  'awaiting_upload',
  'processing',
  'ready',
  'offered',
  'failed',
  'quarantined',
  'trashed',
  'deleted',
] as const
export type PhotoStatus = (typeof PHOTO_STATUSES)[number]

/**
 * Whether the original was found to be valid, so that variants are made of it: of an `offered` one too, which a guest put into a
 * drop box and its owner has not approved, of a `trashed` one, which its owner may restore, and of a
 * `quarantined` one, which moderation may.
 */
export function isValidated(status: PhotoStatus): boolean {
  return status === 'ready' || status === 'offered' || status === 'trashed' || status === 'quarantined'
}

/** Whether nobody sees the photo: it is deleted, or in the trash, which alone shows it to its owner. */
export function isGone(status: PhotoStatus): boolean {
  return status === 'deleted' || status === 'trashed'
}

/** Whether a photo in this state belongs in the feeds of its owner's followers (docs/feed.md, What is in a feed). */
export function belongsInFeeds(photo: { status: PhotoStatus; visibility: Visibility }): boolean {
  return photo.status === 'ready' && photo.visibility !== 'private'
}
