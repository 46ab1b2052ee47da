import { isAway, type AccountStatus } from '../../domain/access.ts'
import type { UserId } from '../../domain/ids.ts'
import type { UserRow } from '../../entities/index.ts'
import { createSharedReads } from '../../infra/concurrency/shared-reads.ts'
import type { Query } from '../../infra/db/database.ts'

/** What an account may do, by moderation and by what its person decided. */
interface Standing {
  status: AccountStatus
  /** When a suspension ends by itself. */
  until: Date | null
  isLimited: boolean
  /** Sessions that ended while access tokens of theirs may still be alive. */
  endedSessions: readonly string[]
}

export interface Standings {
  /**
   * As it was at most 2 s ago; of an account that is absent, what everyone has. That an account is away is as of now: by its sign-in it
   * is back at once, for every process.
   */
  of(userId: UserId): Promise<Standing>
}

/** As long as a stream of events may outlive its session. */
const MAX_AGE_MS = 2_000
/** Some 200 bytes each. */
const MAX_REMEMBERED = 10_000
const GOOD: Standing = { status: 'active', until: null, isLimited: false, endedSessions: [] }

// Plan: one probe of users_pkey for each, and of sessions_ended_idx, which reads the sessions that have just ended and no others: of 10,000
// that one account ended within a week, none, in 6 pages (standing-plans.test.ts). A suspension has reached the replica with its commit. Six minutes are
// more than an access token lives.
const READ = `
  SELECT user_id, status, suspended_until, hidden_from_explore, ARRAY(
      SELECT s.session_id::text FROM sessions s
      WHERE s.user_id = u.user_id AND s.revoked_at > now() - interval '6 minutes') AS ended_sessions
  FROM users u WHERE user_id = ANY ($1::bigint[])`

type StandingRow = Pick<UserRow, 'user_id' | 'status' | 'suspended_until' | 'hidden_from_explore'> & {
  ended_sessions: string[]
}

/**
 * Reads standings for every signed-in request: once in 2 s for an account, and together for all accounts that ask while a read
 * is under way.
 */
export function createStandings({
  query,
  primary,
  now = Date.now,
}: {
  query: Query
  primary: Query
  now?: () => number
}): Standings {
  const remembered = new Map<UserId, { standing: Standing; readAt: number }>()
  const share = createSharedReads()
  const wanted = new Set<UserId>()

  async function readWanted(): Promise<void> {
    const userIds = [...wanted]
    wanted.clear()
    await read(query, userIds)
  }

  async function read(from: Query, userIds: readonly UserId[]): Promise<void> {
    const readAt = now()
    const rows = await from<StandingRow>({
      name: 'account-standings',
      text: READ,
      values: [userIds],
    })
    const found = new Map(rows.map((row) => [row.user_id, row]))
    for (const userId of userIds) {
      const row = found.get(userId)
      const standing = row
        ? {
            status: row.status,
            until: row.suspended_until,
            isLimited: row.hidden_from_explore,
            endedSessions: row.ended_sessions,
          }
        : GOOD
      // The oldest is forgotten first.
      remembered.delete(userId)
      remembered.set(userId, { standing, readAt })
    }
    while (remembered.size > MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!)
  }

  const standingOf = (userId: UserId) => remembered.get(userId)?.standing ?? GOOD

  return {
    async of(userId) {
      const known = remembered.get(userId)
      if (!known || now() - known.readAt >= MAX_AGE_MS) {
        wanted.add(userId)
        await share('standings', readWanted)
      }
      if (isAway(standingOf(userId).status)) await read(primary, [userId])
      return standingOf(userId)
    },
  }
}
