import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { UserId } from '../../domain/ids.ts'
import { FactorChallenge, type FactorChallengeRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { storableUserAgent, type Device } from './devices.ts'

/** Long enough to find the phone. */
export const CHALLENGE_SECONDS = 300
const CHALLENGE_BYTES = 32
/** Typing errors; the account's throttle counts what is tried challenge after challenge. */
const MAX_ATTEMPTS = 5

type Purpose = FactorChallengeRow['purpose']
type HeldChallenge = Pick<FactorChallengeRow, 'user_id' | 'session_id' | 'device_name'>

/** Whom a challenge is for, and on which device it is to be answered. */
interface NewChallenge {
  purpose: Purpose
  userId: UserId | null
  sessionId: string | null
  device: Device
}

/** Makes a challenge: 256 random bits in base64url, of which a hash is kept. A passkey signs these bytes. */
export async function issueChallenge(
  query: Query,
  { purpose, userId, sessionId, device }: NewChallenge,
): Promise<string> {
  const challenge = randomBytes(CHALLENGE_BYTES).toString('base64url')
  await run(
    query,
    insertRow(FactorChallenge, {
      challengeHash: hashOf(challenge),
      purpose,
      userId,
      sessionId,
      userAgent: storableUserAgent(device.userAgent),
      deviceName: device.name ?? null,
      expiresAt: sql<Date>`now() + ${CHALLENGE_SECONDS} * interval '1 second'`,
    }),
  )
  return challenge
}

// Plan: factor_challenges_pkey. The device is told by its user agent: networks change between two requests, as from Wi-Fi to mobile.
const STANDS = `challenge_hash = $1 AND purpose = $2 AND user_agent IS NOT DISTINCT FROM $3
  AND expires_at > now() AND attempts < ${MAX_ATTEMPTS}`
const HELD = 'user_id, session_id, device_name'

/** A statement about a challenge that stands: for this purpose, on this device, not expired, nor taken, nor answered wrong too often. */
const about =
  (name: string, text: string) =>
  async (
    query: Query,
    challenge: string,
    purpose: Purpose,
    device: Device,
  ): Promise<HeldChallenge | undefined> => {
    const values = [hashOf(challenge), purpose, storableUserAgent(device.userAgent)]
    const [row] = await query<HeldChallenge>({ name, text, values })
    return row
  }

/** Looks at a challenge; undefined unless it stands. */
export const lookAtChallenge = about(
  'factor-challenge',
  `SELECT ${HELD} FROM factor_challenges WHERE ${STANDS}`,
)

/** Locks a challenge for the transaction: two answers come one after the other. Undefined unless it stands. */
export const holdChallenge = about(
  'factor-challenge-hold',
  `SELECT ${HELD} FROM factor_challenges WHERE ${STANDS} FOR UPDATE`,
)

/** Takes a challenge, so that nobody takes it again. Undefined unless it stands. */
export const takeChallenge = about(
  'factor-challenge-take',
  `DELETE FROM factor_challenges WHERE ${STANDS} RETURNING ${HELD}`,
)

/** Counts a wrong answer to a challenge that is held. */
export async function countWrongAnswer(query: Query, challenge: string): Promise<void> {
  await query({
    text: 'UPDATE factor_challenges SET attempts = attempts + 1 WHERE challenge_hash = $1',
    values: [hashOf(challenge)],
  })
}

/** Ends the sign-ins that wait for a second factor, as their password is no longer the one. */
export async function forgetChallenges(query: Query, userId: UserId): Promise<void> {
  // Plan: factor_challenges_user_idx.
  await query({ text: 'DELETE FROM factor_challenges WHERE user_id = $1', values: [userId] })
}

function hashOf(challenge: string): Buffer {
  return createHash('sha256').update(challenge).digest()
}
