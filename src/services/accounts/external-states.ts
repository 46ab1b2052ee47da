import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { UserId } from '../../domain/ids.ts'
import { ExternalSignIn, type ExternalSignInRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'

/** Long enough to sign in to the provider, and then to think of a username. */
export const EXTERNAL_SIGN_IN_SECONDS = 600
const SECRET_BYTES = 32

/** What a state is for: a sign-in, or an account that a session links. */
interface NewState {
  issuer: string
  linkTo: { userId: UserId; sessionId: string } | null
  deviceName: string | null
}

const EXPIRES = sql<Date>`now() + ${EXTERNAL_SIGN_IN_SECONDS} * interval '1 second'`

/**
 * Begins a sign-in: a state for the provider and a binding for the browser, 256 random bits in base64url each. Hashes of them are kept,
 * and nonce and PKCE verifier follow from the binding: whoever reads the table can finish nobody's sign-in.
 */
export function newState() {
  const [state, binding] = [newSecret(), newSecret()]
  return { state, binding, secrets: secretsOf(state, binding) }
}

export async function storeState(
  query: Query,
  { state, binding }: { state: string; binding: string },
  { issuer, linkTo, deviceName }: NewState,
): Promise<void> {
  await run(
    query,
    insertRow(
      ExternalSignIn,
      {
        handleHash: hashOf(state),
        issuer,
        bindingHash: hashOf(binding),
        userId: linkTo?.userId ?? null,
        sessionId: linkTo?.sessionId ?? null,
        deviceName,
        expiresAt: EXPIRES,
      },
      ['subject'],
    ),
  )
}

/** What the provider is told of a sign-in, and has to answer. */
export function secretsOf(state: string, binding: string) {
  const derived = (purpose: string) =>
    createHash('sha256').update(`darkroom ${purpose} ${binding}`).digest('base64url')
  return { state, nonce: derived('nonce'), codeVerifier: derived('code verifier') }
}

type TakenState = Pick<ExternalSignInRow, 'user_id' | 'session_id' | 'device_name'>

/** Takes a state for good. Undefined unless it stands for this issuer and browser: another browser cannot use it up. */
export async function takeState(
  query: Query,
  issuer: string,
  state: string,
  binding: string,
): Promise<TakenState | undefined> {
  // Plan: external_sign_ins_pkey.
  const [row] = await query<TakenState>({
    name: 'external-state-take',
    text: `DELETE FROM external_sign_ins WHERE handle_hash = $1 AND issuer = $2 AND binding_hash = $3 AND expires_at > now()
           RETURNING user_id, session_id, device_name`,
    values: [hashOf(state), issuer, hashOf(binding)],
  })
  return row
}

/** Makes a ticket by which somebody whom the provider vouched for signs up. */
export async function issueTicket(
  query: Query,
  identity: { issuer: string; subject: string; deviceName: string | null },
): Promise<string> {
  const ticket = newSecret()
  const row = { handleHash: hashOf(ticket), ...identity, expiresAt: EXPIRES }
  await run(query, insertRow(ExternalSignIn, row, ['bindingHash', 'userId', 'sessionId']))
  return ticket
}

type TakenTicket = { subject: string } & Pick<ExternalSignInRow, 'device_name'>

/** Takes a ticket; within a transaction, so that it is still good if the username is not. */
export async function takeTicket(
  query: Query,
  issuer: string,
  ticket: string,
): Promise<TakenTicket | undefined> {
  // Plan: external_sign_ins_pkey.
  const [row] = await query<TakenTicket>({
    name: 'external-ticket-take',
    text: `DELETE FROM external_sign_ins WHERE handle_hash = $1 AND issuer = $2 AND subject IS NOT NULL AND expires_at > now()
           RETURNING subject, device_name`,
    values: [hashOf(ticket), issuer],
  })
  return row
}

const newSecret = () => randomBytes(SECRET_BYTES).toString('base64url')

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
