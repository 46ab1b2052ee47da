import { randomBytes, randomUUID } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { pino } from 'pino'
import { loadConfig } from '../../../src/config/config.ts'
import type { AccountStatus } from '../../../src/domain/access.ts'
import type { UserId } from '../../../src/domain/ids.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import { createAccounts, type Accounts } from '../../../src/services/accounts/accounts.ts'
import type { Passwords } from '../../../src/services/accounts/passwords.ts'
import { createDevices, type Device } from '../../../src/services/accounts/devices.ts'
import { createRefreshTokens } from '../../../src/services/accounts/refresh-tokens.ts'
import { createReservedNames } from '../../../src/services/accounts/reserved-names.ts'
import { createSecurityEvents } from '../../../src/services/accounts/security-events.ts'
import { createSessions, type Sessions } from '../../../src/services/accounts/sessions.ts'
import { createEditAccount } from '../../../src/services/graph/edit-account.ts'
import { forgetful } from './outbox.ts'

export interface BuiltUser {
  userId: UserId
  username: string
  password: string
  sessionId: string
  refreshToken: string
}

/**
 * Real hashes at the least cost that argon2 allows, a thousandth of the service's. The cost stands in the hash, so the API
 * signs these accounts in as well.
 */
const cheapPasswords: Passwords = {
  hash: (password) => hash(password, { algorithm: 2, memoryCost: 8, timeCost: 1, parallelism: 1 }),
  matches: async (password, stored) => stored !== undefined && verify(stored, password),
  isOutdated: () => false,
}

/** The API's keys, so that it knows the sessions that are made here. */
const { jwtKeys } = loadConfig()
const refreshTokens = createRefreshTokens(jwtKeys)
const devices = createDevices(jwtKeys, refreshTokens)
/** What tests come from. */
export const testDevice: Device = { userAgent: 'tests', network: '127.0.0.1' }

export const securityEvents = createSecurityEvents({ devices, logger: pino({ level: 'silent' }) })

export function sessionsOf(db: Database): Sessions {
  return createSessions({
    db,
    outbox: forgetful(db),
    sessionDays: 30,
    maxSessionDays: 365,
    refreshTokens,
    devices,
    securityEvents,
  })
}

export function accountsOf(db: Database): Accounts {
  return createAccounts({
    db,
    passwords: cheapPasswords,
    sessions: sessionsOf(db),
    reservedNames: createReservedNames(jwtKeys),
  })
}

/** An account and its first session, as after a sign-up. */
export async function buildUser(db: Database, username = uniqueName()): Promise<BuiltUser> {
  const password = randomUUID()
  const { session } = await accountsOf(db).register({ username, password, displayName: null }, testDevice)
  return { username, password, ...session }
}

export const usernameOf = async (db: Database, userId: UserId) => (await accountsOf(db).get(userId)).username

/** Closes an account to all but its followers, or opens it to all. */
export async function makePrivate(db: Database, userId: UserId, isPrivate = true): Promise<void> {
  await createEditAccount({ db, accounts: accountsOf(db), outbox: forgetful(db) })(userId, { isPrivate })
}

/** By SQL, without what moderation or its person would do besides. The next read, on the replica too, obeys it. */
export async function setAccountStatus(db: Database, userId: UserId, status: AccountStatus): Promise<void> {
  await db.transaction(
    (tx) => tx.query({ text: 'UPDATE users SET status = $2 WHERE user_id = $1', values: [userId, status] }),
    { narrows: true },
  )
}

const uniqueName = () => `u${randomBytes(6).toString('hex')}`
