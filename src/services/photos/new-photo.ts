import type { CommentPolicy } from '../../domain/comments.ts'
import type { TakenAt } from '../../domain/taken-at.ts'
import type { OriginalContentType } from '../../domain/variants.ts'
import type { Visibility } from '../../domain/visibility.ts'

/** What is known about a photo before its original arrives. */
export interface NewPhoto {
  contentType: OriginalContentType
  bytes: number
  /** Hex. */
  sha256: string | undefined
  caption: string | null
  altText: string | null
  visibility: Visibility
  shareLocation: boolean
  shareCamera: boolean
  shareTakenAt: boolean
  shareText: boolean
  allowDownload: boolean
  /** Null follows the default of the owner's account. */
  commentPolicy: CommentPolicy | null
  /** Others see a warning first. */
  sensitive: boolean
  /** Instead of what the file says; null shows none. Undefined leaves it to the file. */
  takenAt: TakenAt | null | undefined
  location: { latitude: number; longitude: number } | null | undefined
}
