import { assertKeepsRules, NO_TEXT_RULES, type TextRules } from '../../domain/text-rules.ts'
import type { AccountStatus } from '../../domain/access.ts'
import type { CommentPolicy } from '../../domain/comments.ts'
import { DarkroomError, invalidField } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Role } from '../../domain/moderation.ts'
import { usernameSkeleton as skeletonOf } from '../../domain/usernames.ts'
import { weaknessOf } from '../../domain/passwords.ts'
import { FeedState, User, type UserRow } from '../../entities/index.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { avatarOf, type AvatarPlace } from '../../infra/db/rules.ts'
import type { Database, Query, Transaction } from '../../infra/db/database.ts'
import { writeNames } from './names.ts'
import { NO_PASSWORD, type Passwords } from './passwords.ts'
import type { Device } from './devices.ts'
import type { ReservedNames } from './reserved-names.ts'
import type { OpenSession, Sessions } from './sessions.ts'

/** An account as shown; it contains no secrets. */
export interface Account {
  userId: UserId
  username: string
  displayName: string | null
  bio: string | null
  isPrivate: boolean
  createdAt: Date
  avatar: AvatarPlace | null
}

/** An account with what it alone sees of itself. */
export interface OwnAccount extends Account {
  defaultCommentPolicy: CommentPolicy
  /** Null unless it is suspended; `until` is null if that does not end by itself. */
  suspension: { until: Date | null } | null
  /** Text in its photos is read, and found by search. */
  readTextInPhotos: boolean
  role: Role
}

interface NewAccount {
  username: string
  password: string
  displayName: string | null
}

/** Undefined leaves a field as it is; null empties it. */
export interface AccountChanges {
  displayName?: string | null | undefined
  bio?: string | null | undefined
  isPrivate?: boolean | undefined
  defaultCommentPolicy?: CommentPolicy | undefined
  readTextInPhotos?: boolean | undefined
}

export interface Accounts {
  /** Creates an account and signs in its first device. @throws DarkroomError username_taken, invalid */
  register(account: NewAccount, device: Device): Promise<{ account: Account; session: OpenSession }>
  /** The same for somebody whom a provider vouched for: without a password. */
  registerWithin(
    tx: Transaction,
    account: Omit<NewAccount, 'password'>,
    device: Device,
  ): Promise<{ account: Account; session: OpenSession }>
  /**
   * The account with these credentials, suspended, deactivated or not. Takes just as long for an unknown username. A hash of older
   * parameters is replaced.
   * @throws DarkroomError bad_credentials
   */
  authenticate(username: string, password: string, network: string): Promise<Account>
  /** The account that a second factor or passkey signs in to. @throws DarkroomError unauthenticated */
  forSignIn(userId: UserId): Promise<Account>
  /** @throws DarkroomError unauthenticated if the account is gone */
  get(userId: UserId): Promise<OwnAccount>
  /**
   * Changes the account's row within a transaction, which locks it: nobody follows or asks to follow it meanwhile.
   * @param guard gets the locked account before it is changed, and may throw
   */
  updateWithin(
    tx: Transaction,
    userId: UserId,
    changes: AccountChanges,
    guard?: (current: OwnAccount) => void,
  ): Promise<OwnAccount>
}

const ACCOUNT_FIELDS = ['user_id', 'username', 'display_name', 'bio', 'is_private', 'created_at'] as const

/** What {@link toAccount} takes of a row `u` of users. */
export const ACCOUNT_COLUMNS = `${ACCOUNT_FIELDS.map((field) => `u.${field}`).join(', ')}, ${avatarOf('u')} AS avatar`

interface AccountsDeps {
  db: Database
  passwords: Passwords
  sessions: Sessions
  reservedNames: Pick<ReservedNames, 'isReserved'>
  textRules?: TextRules
  /** No password of anybody. */
  serviceName?: string
}

export function createAccounts(deps: AccountsDeps): Accounts {
  const { db, passwords, sessions, reservedNames, textRules = NO_TEXT_RULES, serviceName = null } = deps

  /** @throws DarkroomError username_taken, invalid */
  async function assertNamesFree(query: Query, { username, displayName }: Omit<NewAccount, 'password'>) {
    assertKeepsRules(textRules, 'name', { 'body.username': username, 'body.displayName': displayName })
    if (await exists(query, username, skeletonOf(username))) throw usernameTaken()
    // One that was erased meanwhile is reserved since its commit.
    if (await reservedNames.isReserved(query, username)) throw usernameTaken()
  }

  async function create(
    tx: Transaction,
    { username, displayName }: Omit<NewAccount, 'password'>,
    passwordHash: string,
    device: Device,
  ) {
    // Two at once: the indexes decide, and the second's statement inserts nothing.
    const [row] = await run(
      tx.query,
      insertRow(User, { username, usernameSkeleton: skeletonOf(username), passwordHash, displayName }, [
        'bio',
        'maxBytes',
        'maxPhotos',
        'suspendedUntil',
        'avatarId',
      ])
        .onConflict((conflict) => conflict.doNothing())
        .returning(ACCOUNT_FIELDS),
    )
    if (!row) throw usernameTaken()
    await writeNames(tx, { userId: row.user_id, username, displayName })
    await run(
      tx.query,
      insertRow(FeedState, { userId: row.user_id }, ['rowsEpoch', 'rowsFrom', 'lastReadAt']),
    )
    const session = await sessions.openWithin(tx, row.user_id, device)
    return { account: toAccount({ ...row, avatar: null }), session }
  }

  return {
    async register({ password, ...names }, device) {
      assertStrong('body.password', password, [names.username, names.displayName, serviceName])
      await assertNamesFree(db.primary, names)
      const passwordHash = await passwords.hash(password, device.network)
      return db.transaction((tx) => create(tx, names, passwordHash, device))
    },

    async registerWithin(tx, names, device) {
      await assertNamesFree(tx.query, names)
      return create(tx, names, NO_PASSWORD, device)
    },

    async authenticate(username, password, network) {
      const [row] = ASCII.test(username) ? await credentialsOf(db.primary, username) : []
      const matches = await passwords.matches(password, row?.password_hash, network)
      if (!row || !matches) throw new DarkroomError('bad_credentials', 'Username or password is wrong.')
      if (passwords.isOutdated(row.password_hash)) {
        await replaceHash(db.primary, row.user_id, row.password_hash, await passwords.hash(password, network))
      }
      return toAccount(row)
    },

    async forSignIn(userId) {
      const [row] = await db.primary<AccountRow & Pick<UserRow, 'status'>>({
        name: 'account-for-sign-in',
        text: `SELECT ${ACCOUNT_COLUMNS}, u.status FROM users u WHERE u.user_id = $1`,
        values: [userId],
      })
      if (!row) throw accountGone()
      return toAccount(row)
    },

    async get(userId) {
      const [row] = await db.primary<
        AccountRow &
          Pick<
            UserRow,
            'default_comment_policy' | 'read_text_in_photos' | 'status' | 'suspended_until' | 'role'
          >
      >({
        name: 'account-by-id',
        text: `SELECT ${ACCOUNT_COLUMNS}, u.default_comment_policy, u.read_text_in_photos, u.status, u.suspended_until, u.role
          FROM users u WHERE u.user_id = $1`,
        values: [userId],
      })
      if (!row) throw accountGone()
      return {
        ...toAccount(row),
        defaultCommentPolicy: row.default_comment_policy,
        suspension: suspensionOf(row.status, row.suspended_until),
        readTextInPhotos: row.read_text_in_photos,
        role: row.role,
      }
    },

    async updateWithin(tx, userId, changes, guard) {
      const { em } = tx
      await lockAccount(tx, userId)
      const user = await em.findOne(User, { userId })
      if (!user) throw accountGone()
      const read = async () => accountOf(user, await avatarPlaceOf(tx.query, userId))
      guard?.(await read())
      if (changes.displayName !== user.displayName)
        assertKeepsRules(textRules, 'name', { 'body.displayName': changes.displayName })
      const {
        isPrivate = user.isPrivate,
        defaultCommentPolicy = user.defaultCommentPolicy,
        readTextInPhotos = user.readTextInPhotos,
        ...texts
      } = changes
      em.assign(
        user,
        { ...texts, isPrivate, defaultCommentPolicy, readTextInPhotos },
        { ignoreUndefined: true },
      )
      // Now, so that the statements of the transaction that follow see it.
      await em.flush()
      const account = await read()
      if (texts.displayName !== undefined) await writeNames(tx, account)
      return account
    },
  }
}

/** @throws DarkroomError invalid for a common password, or one that is the name of the account or of the service */
export function assertStrong(path: string, password: string, names: readonly (string | null)[]): void {
  const weakness = weaknessOf(password, names)
  if (weakness !== undefined) throw invalidField(path, weakness)
}

/** @returns whether the hash was still the one that was compared with */
export async function replaceHash(
  query: Query,
  userId: UserId,
  compared: string,
  passwordHash: string,
): Promise<boolean> {
  const rows = await query({
    text: 'UPDATE users SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2 RETURNING 1',
    values: [userId, compared, passwordHash],
  })
  return rows.length > 0
}

/** Weaker than the FOR UPDATE that MikroORM's lock modes offer: whatever refers to the account does not wait for it. */
export async function lockAccount({ query }: Pick<Transaction, 'query'>, userId: UserId): Promise<void> {
  await query({ text: 'SELECT FROM users WHERE user_id = $1 FOR NO KEY UPDATE', values: [userId] })
}

/**
 * As all usernames are. lower() folds other letters to these too (U+0130 to i), so that one account would answer to many
 * names, and tries at its password would be counted under each alone.
 */
const ASCII = /^[\x21-\x7e]+$/

function credentialsOf(query: Query, username: string) {
  return query<AccountRow & Pick<UserRow, 'password_hash'>>({
    name: 'account-credentials',
    text: `SELECT ${ACCOUNT_COLUMNS}, u.password_hash FROM users u
      WHERE lower(u.username) = lower($1) AND u.status <> 'erased'`,
    values: [username],
  })
}

async function exists(query: Query, username: string, skeleton: string): Promise<boolean> {
  const rows = await query({
    name: 'username-exists',
    text: 'SELECT 1 FROM users WHERE lower(username) = lower($1) OR username_skeleton = $2',
    values: [username, skeleton],
  })
  return rows.length > 0
}

function usernameTaken(): DarkroomError {
  return new DarkroomError('username_taken', 'This username, or one that looks like it, is taken.', {
    fields: [{ path: 'body.username', message: 'Taken, or too much like another.' }],
  })
}

function accountGone(): DarkroomError {
  return new DarkroomError('unauthenticated', 'The account no longer exists.')
}

export type AccountRow = Pick<UserRow, (typeof ACCOUNT_FIELDS)[number]> & { avatar: AvatarPlace | null }

export function toAccount(row: AccountRow): Account {
  return {
    userId: row.user_id,
    username: row.username,
    displayName: row.display_name,
    bio: row.bio,
    isPrivate: row.is_private,
    createdAt: row.created_at,
    avatar: row.avatar,
  }
}

/** Beside the entity, since triggers raise the epochs that are part of it. */
async function avatarPlaceOf(query: Query, userId: UserId): Promise<AvatarPlace | null> {
  const [row] = await query<{ avatar: AvatarPlace | null }>({
    text: `SELECT ${avatarOf('u')} AS avatar FROM users u WHERE u.user_id = $1`,
    values: [userId],
  })
  return row!.avatar
}

function accountOf(
  { displayName = null, bio = null, ...user }: User,
  avatar: AvatarPlace | null,
): OwnAccount {
  const { userId, username, isPrivate, createdAt, defaultCommentPolicy, readTextInPhotos, role } = user
  const suspension = suspensionOf(user.status, user.suspendedUntil ?? null)
  const settings = { defaultCommentPolicy, readTextInPhotos, role }
  return { userId, username, displayName, bio, isPrivate, createdAt, avatar, ...settings, suspension }
}

const suspensionOf = (status: AccountStatus, until: Date | null) =>
  status === 'suspended' ? { until } : null
