import { createAccessTokens } from '../src/services/accounts/access-tokens.ts'
import type { UserId } from '../src/domain/ids.ts'
import { loadConfig } from '../src/config/config.ts'

/** Longer than any benchmark takes. */
const LIFETIME_SECONDS = 86_400

/** Access tokens of accounts that never signed in, as the API would issue them. */
export async function issueTokens(
  env: Record<string, string>,
  userIds: readonly UserId[],
): Promise<Map<UserId, string>> {
  const tokens = createAccessTokens({ keys: loadConfig(env).jwtKeys, lifetimeSeconds: LIFETIME_SECONDS })
  const entries = userIds.map(async (userId): Promise<[UserId, string]> => {
    const { accessToken } = await tokens.issue({ userId, sessionId: crypto.randomUUID() })
    return [userId, accessToken]
  })
  return new Map(await Promise.all(entries))
}
