import { Client, type PoolConfig } from 'pg'

/** How long a request waits for a free or new connection before it is answered 503. */
const CONNECTION_TIMEOUT_MS = 5_000
/** The server ends a statement at its own timeout and then says so; one that is silent for longer is gone. */
const ANSWER_GRACE_MS = 2_000
/**
 * A client that vanished within a transaction must not keep its locks. It is less than the default
 * statement timeout, so that statements waiting for such a lock still get it. Our longest idle
 * transaction is a fanout page waiting for Redis, 2 s.
 */
const IDLE_IN_TRANSACTION_MS = 10_000
/** A peer that says nothing for this long is asked whether it is there … */
const KEEPALIVE_IDLE_SECONDS = 10
/** … and given up after some 25 s in all; or when data that was sent to it is not acknowledged for as long. */
const SERVER_KEEPALIVE = [
  `tcp_keepalives_idle=${KEEPALIVE_IDLE_SECONDS}`,
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=3',
  'tcp_user_timeout=25s',
]

export interface ConnectionOptions {
  /** 0: none, on either side. */
  statementTimeoutMs: number
  applicationName: string
}

/** How every connection is opened: neither side waits for ever for one that has vanished. */
export function connectionOptions({ statementTimeoutMs, applicationName }: ConnectionOptions): PoolConfig {
  return {
    application_name: applicationName,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    options: SERVER_KEEPALIVE.map((setting) => `-c ${setting}`).join(' '),
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_IDLE_SECONDS * 1_000,
    Client: clientOf({
      deadlineMs: statementTimeoutMs > 0 ? statementTimeoutMs + ANSWER_GRACE_MS : undefined,
    }),
  }
}

/** The text under which a named statement passes through Kysely, which hands text and values to the connection, but no name. */
export function textWithName({ name, text }: { name?: string; text: string }): string {
  return name === undefined ? text : `/*${name}*/${text}`
}
const NAMED = /^\/\*([\w-]+)\*\//

/**
 * A connection that prepares statements with a name in their text. It is destroyed, its statement failing, when the server
 * leaves that without an answer. Not node-postgres's `query_timeout`: it fails the statement alone, and a pool then hands
 * out the connection that still waits.
 */
function clientOf({ deadlineMs }: { deadlineMs: number | undefined }): typeof Client {
  return class extends Client {
    #deadline: NodeJS.Timeout | undefined

    constructor(...args: ConstructorParameters<typeof Client>) {
      super(...args)
      const answered = () => clearTimeout(this.#deadline)
      this.on('drain', answered)
      this.on('end', answered)
    }

    // The signature that covers all of the base class's.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    override query(...args: any[]): any {
      clearTimeout(this.#deadline)
      if (deadlineMs !== undefined) this.#deadline = setTimeout(() => this.#giveUp(), deadlineMs)
      return super.query(...(prepared(args) as Parameters<Client['query']>))
    }

    #giveUp(): void {
      const error = new Error('Postgres did not answer in time')
      this.connection.stream.destroy(Object.assign(error, { code: 'ETIMEDOUT' }))
    }
  }
}

/** The arguments of a query, with the name that its text may begin with in its place. */
function prepared(args: unknown[]): unknown[] {
  const [statement, values, ...rest] = args
  const prefix = typeof statement === 'string' ? NAMED.exec(statement) : null
  if (!prefix) return args
  const text = (statement as string).slice(prefix[0].length)
  return [{ name: prefix[1], text, values }, ...rest]
}
