import type { PhotoId } from '../../domain/ids.ts'
import type { DecisionAction } from '../../domain/moderation.ts'
import type { Verdict } from '../../domain/screening.ts'
import { PhotoVerdict, type ModerationPolicyRow } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'

/** What a decision on a photo says to automatic moderation. */
export const VERDICT_OF: Record<DecisionAction, Verdict> = {
  dismiss: 'allow',
  restore: 'allow',
  limit: 'limit',
  takedown: 'quarantine',
  suspend: 'quarantine',
}

/** Records what a person decided on a photo, which no later automatic verdict overrules. */
export async function recordPersonsVerdict(
  tx: Transaction,
  photoId: PhotoId,
  verdict: Verdict,
  policy: ModerationPolicyRow,
): Promise<void> {
  await run(
    tx.query,
    insertRow(
      PhotoVerdict,
      {
        photoId,
        verdict,
        source: 'person',
        reason: policy.policy_id,
        policyVersion: String(policy.version),
      },
      ['model', 'modelVersion', 'scores'],
    ),
  )
}
