import type { PhotoUploadInput } from './photo-upload.ts'
import type { PhotoSyncInput } from './photo-sync.ts'

/**
 * What a committed change owes to Temporal. Doing it twice is harmless: a workflow has one id, and signals are hints.
 * - uploadOpened: POST /photos made a photo that awaits its original (starts photoUpload, once).
 * - originalArrived: a storage event or `complete` (signals photoUpload, starting it if need be).
 * - photoChanged: PATCH or DELETE of a photo (signals photoSync, starting it if need be).
 */
export type OutboxMessage =
  | { kind: 'uploadOpened'; payload: PhotoUploadInput }
  | { kind: 'originalArrived'; payload: PhotoUploadInput }
  | { kind: 'photoChanged'; payload: PhotoSyncInput }

export type OutboxKind = OutboxMessage['kind']
