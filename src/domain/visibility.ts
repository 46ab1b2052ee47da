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

const REACH: Record<Visibility, number> = { private: 0, followers: 1, public: 2 }

/** Whether a change of visibility takes away anyone's right to see the photo. */
export function isNarrowing(from: Visibility, to: Visibility): boolean {
  return REACH[to] < REACH[from]
}

/** Whether a photo in this state belongs in the feeds of its owner's followers (docs/feed.md, What is in a feed). */
export function belongsInFeeds(photo: { status: PhotoStatus; visibility: Visibility }): boolean {
  return photo.status === 'ready' && photo.visibility !== 'private'
}
