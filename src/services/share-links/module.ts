import type { Passwords } from '../accounts/passwords.ts'
import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import type { PendingUploads } from '../uploads/open-upload.ts'
import { createDropBox } from './drop-box.ts'
import { createLinkEnds } from './ends.ts'
import { createGuestUploads } from './guest-uploads.ts'
import { createLinkTokens } from './link-tokens.ts'
import { createShareLinks } from './share-links.ts'
import { readSharedAlbum } from './shared-album.ts'
import { createLinkVisits } from './visits.ts'

/** Share links of albums, what they show, and the photos that guests offer through them. */
export function openShareLinks(
  { config, db }: Clients,
  { passwords }: { passwords: Passwords },
  { pendingUploads }: { pendingUploads: PendingUploads },
  { outbox }: Delivery,
) {
  const tokens = createLinkTokens(config.jwtKeys)
  return {
    shareLinks: createShareLinks({ db, outbox, passwords }),
    linkVisits: createLinkVisits({ db, passwords, tokens }),
    readSharedAlbum,
    guestUploads: createGuestUploads({ pendingUploads, tokens }),
    dropBox: createDropBox({ db, outbox, fanoutShardThreshold: config.FANOUT_SHARD_THRESHOLD }),
  }
}

/** The steps by which links end. */
export function openLinkEnds({ db }: Clients) {
  return { linkEnds: createLinkEnds(db.primary) }
}
