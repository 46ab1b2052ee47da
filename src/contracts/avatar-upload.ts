import type { UserId } from '../domain/ids.ts'

/** One avatar, from the pre-signed URL until it is shown. */
export const AVATAR_UPLOAD = 'avatarUpload'
export const avatarUploadWorkflowId = (avatarId: string): string => `avatar/${avatarId}`

export interface AvatarUploadInput {
  avatarId: string
  ownerId: UserId
  /** When the pre-signed URL expires, in ms since 1970. */
  expiresAtMs: number
}

/** Signal: the picture may have arrived, or the upload was given up. A hint: the workflow looks at object and row. */
export const AVATAR_CHANGED = 'avatarChanged'

export interface AvatarUploadResult {
  stage: 'ready' | 'failed' | 'closed'
  failureCode?: string
}
