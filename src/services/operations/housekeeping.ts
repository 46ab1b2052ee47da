import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Cdn } from '../../infra/cdn/cdn.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Archive } from '../../infra/s3/archive.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { sweepExternalSignIns } from '../accounts/sweep-external-sign-ins.ts'
import { sweepFactors } from '../accounts/sweep-factors.ts'
import { sweepSecurityEvents } from '../accounts/sweep-security-events.ts'
import { sweepSessions } from '../accounts/sweep-sessions.ts'
import { sweepStorage } from '../accounts/sweep-storage.ts'
import { sweepAlbumActivity } from '../albums/sweep-activity.ts'
import { sweepAvatars } from '../avatars/sweep-avatars.ts'
import { sweepBlobs } from '../blobs/sweep-blobs.ts'
import { countOriginals } from '../cold-storage/count-originals.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'
import { startOwedFanouts } from '../distribution/start-owed-fanouts.ts'
import { sweepComments } from '../engagement/sweep-comments.ts'
import { sweepExports } from '../exports/sweep-exports.ts'
import { sweepMutes } from '../graph/sweep-mutes.ts'
import { sweepErasedAccounts, wakeLateErasures } from '../leaving/sweep-erasures.ts'
import { wakeLateCases } from '../moderation/wake-cases.ts'
import { sweepNotifications } from '../notifications/sweep-notifications.ts'
import { wakeLateStandings } from '../moderation/wake-standings.ts'
import { sweepTrash } from '../photos/sweep-trash.ts'
import { sweepIdempotencyKeys } from '../requests/sweep-idempotency-keys.ts'
import { wakeOwedErasures } from '../retraction/erasures.ts'
import { wakeOwedRetractions } from '../retraction/proofs.ts'
import { sweepStoredObjects } from '../retraction/sweep-stored-objects.ts'
import type { SearchIndexDeps } from '../search/search-index.ts'
import { sweepRevocations } from '../search/sweep-revocations.ts'
import { sweepDropBoxes } from '../share-links/sweep-drop-boxes.ts'
import { sweepIncoming, sweepMultipart } from '../uploads/sweep-incoming.ts'
import { sweepDeliveries } from '../webhooks/sweep-deliveries.ts'

export interface HousekeepingDeps {
  db: Pick<Database, 'primary' | 'transaction'>
  objects: ObjectStore
  archive?: Archive | undefined
  cdn: Cdn
  searchIndex: SearchIndexDeps['index']
  starts: Pick<WorkflowStarts, 'reconcileDistribution' | 'deliver'>
  /** For so long after its deletion, what moderation reviews is kept (MODERATION_EVIDENCE_DAYS). */
  evidenceDays: number
}

/** Every sweep, as its module exports it; a new one only has to be added here. */
export function createHousekeeping(deps: HousekeepingDeps): Sweep[] {
  const { db, objects, archive, cdn, searchIndex, starts, evidenceDays } = deps
  const { primary } = db
  return [
    startOwedFanouts(primary, (photo) => starts.reconcileDistribution(photo)),
    wakeOwedRetractions(primary, starts),
    wakeOwedErasures(primary, starts),
    wakeLateStandings(primary, starts),
    wakeLateErasures(primary, starts),
    sweepErasedAccounts(primary),
    sweepTrash(db, evidenceDays),
    wakeLateCases(primary, starts),
    sweepBlobs({ db, objects, archive }),
    sweepStoredObjects({ db, objects, cdn }),
    // Without a cold storage nobody watches them.
    ...(archive ? [countOriginals(primary)] : []),
    sweepIncoming(primary, objects),
    sweepMultipart(primary, objects),
    sweepAvatars(primary),
    sweepStorage(db),
    sweepIdempotencyKeys(primary),
    sweepSessions(primary),
    sweepSecurityEvents(primary),
    sweepFactors(primary),
    sweepExternalSignIns(primary),
    sweepMutes(primary),
    sweepComments(primary, evidenceDays),
    sweepAlbumActivity(primary),
    sweepDropBoxes(db),
    sweepExports({ primary, objects, starts }),
    sweepNotifications(primary),
    sweepDeliveries(primary),
    sweepRevocations({ primary, index: searchIndex }),
  ]
}
