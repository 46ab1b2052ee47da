import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

// Plan: factor_challenges_expiry_idx.
const CHALLENGES = `
  DELETE FROM factor_challenges WHERE challenge_hash IN (
    SELECT challenge_hash FROM factor_challenges WHERE expires_at < now() LIMIT $1)
  RETURNING 1`

// Plan: totp_secrets_waiting_idx. After an hour, no code confirms them any more.
const ENROLMENTS = `
  DELETE FROM totp_secrets WHERE NOT is_confirmed AND user_id IN (
    SELECT user_id FROM totp_secrets WHERE NOT is_confirmed AND created_at < now() - interval '1 hour' LIMIT $1)
    AND created_at < now() - interval '1 hour'
  RETURNING 1`

export const sweepFactors = (primary: Query): Sweep => ({
  name: 'factors',
  summary: 'Delete expired challenges of second factors, and authenticator apps that nobody confirmed',
  run: async (signal) =>
    (await deleteInBatches(primary, CHALLENGES, signal)) +
    (await deleteInBatches(primary, ENROLMENTS, signal)),
})
