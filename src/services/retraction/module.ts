import type { Clients } from '../clients.ts'
import { createPhotoSync } from './photo-sync.ts'

/** Removes from edges and storage what a narrowing takes back. */
export function openRetraction({ config, db, objects, cdn }: Clients) {
  return {
    photoSync: createPhotoSync({
      db,
      objects,
      cdn,
      cdnBaseUrl: config.CDN_BASE_URL,
      cdnSigningKey: config.CDN_SIGNING_KEY,
    }),
  }
}
