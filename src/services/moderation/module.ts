import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import type { Reader } from '../lists/list-read.ts'
import { createAppealDecision } from './appeal-decision.ts'
import { createCases } from './cases.ts'
import { createClaims } from './claims.ts'
import { createPictures } from './pictures.ts'
import { createDecideCase } from './decide-case.ts'
import { readOwnDecisions } from './own-decisions.ts'
import { createPolicies } from './policies.ts'
import { readAudit } from './read-audit.ts'
import { createReports } from './reports.ts'
import { createCaseReviews } from './review-case.ts'
import { createStaff, type StaffDeps } from './staff.ts'
import { readStats } from './stats.ts'
import { watchQueue } from './watch-queue.ts'
import { createAccountStandings } from './account-standings.ts'
import { createSuspensions } from './suspensions.ts'

/** Reports of users, the cases that they make, and what the staff does with them. */
export function openModeration(
  { config, db, objects }: Clients,
  { outbox }: Delivery,
  { hasProvenFactor }: Pick<StaffDeps, 'hasProvenFactor'>,
) {
  return {
    reports: createReports({ db, outbox }),
    staff: createStaff({
      db,
      requiresTwoFactor: config.MODERATION_REQUIRES_TWO_FACTOR,
      hasProvenFactor,
    }),
    cases: {
      ...createCases({ db }),
      ...createClaims({ db, outbox }),
      decide: createDecideCase({ db, outbox, fanoutShardThreshold: config.FANOUT_SHARD_THRESHOLD }),
    },
    ownDecisions: { list: readOwnDecisions, appeal: createAppealDecision({ db, outbox }) },
    policies: createPolicies({ db }),
    suspensions: createSuspensions({ db, outbox }),
    pictures: createPictures({ db, objects }),
    moderationLog: { audit: readAudit, stats: ({ query }: Reader) => readStats(query) },
  }
}

/** Reports how many cases wait for a decision. */
export function openQueueWatch({ db, logger }: Clients) {
  return {
    background: (signal: AbortSignal): Promise<void> => watchQueue({ primary: db.primary, logger }, signal),
  }
}

/** The orchestration's side of accounts: strikes, and suspensions that end. */
export function openAccountStandings({ config, db }: Clients, { outbox }: Delivery) {
  const thresholds = {
    limit: config.MODERATION_STRIKES_LIMIT,
    suspend: config.MODERATION_STRIKES_SUSPEND,
    suspendLonger: config.MODERATION_STRIKES_SUSPEND_LONGER,
  }
  return { accountStandings: createAccountStandings({ db, outbox, thresholds }) }
}

/** The orchestration's side: it sees cases through. */
export function openCaseReviews({ db, logger }: Clients) {
  return { reviews: createCaseReviews({ db, logger }) }
}
