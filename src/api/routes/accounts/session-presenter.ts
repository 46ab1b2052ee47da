import type { z } from 'zod'
import type { Account } from '../../../services/accounts/accounts.ts'
import type { ShownIdentity } from '../../../services/accounts/external-identities.ts'
import type { OpenSession, SessionInfo } from '../../../services/accounts/sessions.ts'
import type { PresentPeople } from './presenter.ts'
import type { SignedInSchema } from './schema.ts'

/** The two tokens of a session and the account that they belong to. */
export function presentSignedIn(
  account: Account,
  session: OpenSession,
  access: { accessToken: string; expiresIn: number },
  people: PresentPeople,
): z.infer<typeof SignedInSchema> {
  return { user: people.user(account), ...access, refreshToken: session.refreshToken }
}

export function presentSession(session: SessionInfo, currentId: string) {
  return {
    id: session.sessionId,
    name: session.name,
    userAgent: session.userAgent,
    createdAt: session.createdAt.toISOString(),
    lastUsedAt: session.lastUsedAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    current: session.sessionId === currentId,
  }
}

export function presentIdentity(identity: ShownIdentity, nameOf: (issuer: string) => string | undefined) {
  return {
    id: identity.identity_id,
    provider: nameOf(identity.issuer) ?? null,
    issuer: identity.issuer,
    createdAt: identity.created_at.toISOString(),
    lastUsedAt: identity.last_used_at?.toISOString() ?? null,
  }
}
