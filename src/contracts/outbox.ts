import type { AccountExportInput } from './account-export.ts'
import type { PhotoUploadInput } from './photo-upload.ts'
import type { AccountErasureInput } from './account-erasure.ts'
import type { AccountStandingInput } from './account-standing.ts'
import type { AccountSyncInput } from './account-sync.ts'
import type { AudienceSyncInput } from './audience-sync.ts'
import type { AvatarUploadInput } from './avatar-upload.ts'
import type { PhotoSyncInput } from './photo-sync.ts'
import type { ShareLinkInput } from './share-link.ts'
import type { OriginalRestoreInput } from './original-restore.ts'
import type { ModerationCaseInput } from './moderation-case.ts'
import type { WebhookDeliveryInput } from './webhook-delivery.ts'

/**
 * A workflow start or signal that a committed change owes to Temporal. Sending it twice is harmless: each workflow has
 * one id, and signals are only hints.
 * - uploadOpened: POST /photos created a photo that awaits its original (starts photoUpload, once).
 * - originalArrived: a storage event or `complete` (signals photoUpload, starting it if necessary).
 * - photoChanged: PATCH or DELETE of a photo (signals photoSync, starting it if necessary).
 * - accountChanged: an account went private or public, was suspended or came back (signals accountSync, likewise).
 * - audienceNarrowed: an account turned a follower away (signals audienceSync, likewise).
 * - linkChanged: a share link was made or revoked (signals shareLink, likewise).
 * - restoreRequested: an owner asked for a cold original (signals originalRestore, likewise).
 * - caseChanged: a case of moderation was opened, reported again, claimed, decided or appealed (signals moderationCase, likewise).
 * - standingChanged: a suspension or strike of an account was decided or taken back (signals accountStanding, likewise).
 * - deliveryAdmitted: it is the turn of a delivery to a webhook (signals webhookDelivery, likewise).
 * - exportChanged: an export was asked for or deleted (signals accountExport, likewise).
 * - avatarChanged: an upload of an avatar was opened, may have arrived or was given up (signals avatarUpload, starting it once).
 * - erasureChanged: an account is to be erased, or came back before (signals accountErasure, likewise).
 */
export type OutboxMessage =
  | { kind: 'uploadOpened'; payload: PhotoUploadInput }
  | { kind: 'originalArrived'; payload: PhotoUploadInput }
  | { kind: 'photoChanged'; payload: PhotoSyncInput }
  | { kind: 'accountChanged'; payload: AccountSyncInput }
  | { kind: 'audienceNarrowed'; payload: AudienceSyncInput }
  | { kind: 'linkChanged'; payload: ShareLinkInput }
  | { kind: 'restoreRequested'; payload: OriginalRestoreInput }
  | { kind: 'caseChanged'; payload: ModerationCaseInput }
  | { kind: 'standingChanged'; payload: AccountStandingInput }
  | { kind: 'deliveryAdmitted'; payload: WebhookDeliveryInput }
  | { kind: 'exportChanged'; payload: AccountExportInput }
  | { kind: 'avatarChanged'; payload: AvatarUploadInput }
  | { kind: 'erasureChanged'; payload: AccountErasureInput }

export type OutboxKind = OutboxMessage['kind']
