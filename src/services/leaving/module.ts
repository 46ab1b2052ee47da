import { ACCOUNT_ERASURE } from '../../contracts/account-erasure.ts'
import { MODERATION_CASE } from '../../contracts/moderation-case.ts'
import { createOwnerDocuments } from '../../infra/opensearch/owner-documents.ts'
import { createOwnedExecutions } from '../../infra/temporal/executions.ts'
import type { openAccounts } from '../accounts/module.ts'
import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import type { Retraction } from '../retraction/module.ts'
import { createBeginErasure } from './begin-erasure.ts'
import { createCompleteErasure } from './complete-erasure.ts'
import { createDeactivate } from './deactivate.ts'
import { erasureSteps } from './erase/steps.ts'
import { createReadErasure } from './read-erasure.ts'
import { createRequestErasure } from './request-erasure.ts'
import { createVerifyErasure } from './verify-erasure.ts'

/** How people leave, for a while or for good. */
export function openLeaving(
  { config, db }: Clients,
  {
    sessions,
    securityEvents,
    reservedNames,
  }: Pick<ReturnType<typeof openAccounts>, 'sessions' | 'securityEvents' | 'reservedNames'>,
  { outbox }: Delivery,
) {
  return {
    deactivate: createDeactivate({ db, outbox, sessions, securityEvents }),
    requestErasure: createRequestErasure({
      db,
      outbox,
      sessions,
      securityEvents,
      reservedNames,
      graceDays: config.ACCOUNT_GRACE_DAYS,
    }),
    readErasure: createReadErasure({ primary: db.primary }),
  }
}

/** What accountErasure does. */
export function openErasureSteps(
  { config, db, redis, objects: bucket, openSearch, temporal }: Clients,
  { outbox }: Delivery,
  { objects }: Retraction,
) {
  return {
    begin: createBeginErasure({ db }),
    steps: erasureSteps({
      db,
      outbox,
      objects,
      bucket,
      redis,
      documents: createOwnerDocuments(openSearch, config.OPENSEARCH_INDEX_PREFIX),
      // Its own receipt is still to be written, and cases are decided whoever has left.
      executions: createOwnedExecutions(temporal, [ACCOUNT_ERASURE, MODERATION_CASE]),
    }),
    verify: createVerifyErasure({ db }),
    complete: createCompleteErasure({ db, evidenceDays: config.MODERATION_EVIDENCE_DAYS }),
  }
}

export type ErasureSteps = ReturnType<typeof openErasureSteps>
