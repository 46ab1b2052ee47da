export const VISIBILITIES = ['public', 'followers', 'private'] as const
export type Visibility = (typeof VISIBILITIES)[number]

export const PHOTO_STATUSES = [
  'awaiting_upload',
  'processing',
  'ready',
  'failed',
  'quarantined',
  'deleted',
] as const
export type PhotoStatus = (typeof PHOTO_STATUSES)[number]

/** Whether a photo in this state belongs in the feeds of its owner's followers (docs/feed.md, What is in a feed). */
export function belongsInFeeds(photo: { status: PhotoStatus; visibility: Visibility }): boolean {
  return photo.status === 'ready' && photo.visibility !== 'private'
}
