import type { PhotoUploadInput } from './photo-upload.ts'
import type { PhotoSyncInput } from './photo-sync.ts'

/**
 * What a committed change owes to Temporal. Each is a `signalWithStart`, so that doing it twice is harmless.
 * - uploadOpened: POST /photos made a photo that awaits its original (starts photoUpload).
 * - originalArrived: a storage event or `complete` (signals photoUpload, starting it if need be).
 * - photoChanged: PATCH or DELETE of a photo (signals photoSync, starting it if need be).
 */
export type OutboxMessage =
  | { kind: 'uploadOpened'; payload: PhotoUploadInput }
  | { kind: 'originalArrived'; payload: PhotoUploadInput }
  | { kind: 'photoChanged'; payload: PhotoSyncInput }

export type OutboxKind = OutboxMessage['kind']
