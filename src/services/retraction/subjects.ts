import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { LinkId } from '../../domain/viewer.ts'

/** What a retraction is of: of a photo, or an avatar, whose ids edges do not tell apart. */
export const photoSubject = (photoId: PhotoId): string => `photo/${photoId}`
export const accountSubject = (userId: UserId): string => `account/${userId}`
export const audienceSubject = (userId: UserId): string => `audience/${userId}`
export const linkSubject = (linkId: LinkId): string => `link/${linkId}`
