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
    ...(statementTimeoutMs > 0 && { Client: clientAnsweredWithin(statementTimeoutMs + ANSWER_GRACE_MS) }),
  }
}

/**
 * A connection that is destroyed, its statement failing, when the server leaves that without an answer. Not
 * node-postgres's `query_timeout`: it fails the statement alone, and a pool then hands out the connection that still waits.
 */
function clientAnsweredWithin(deadlineMs: number): typeof Client {
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
      this.#deadline = setTimeout(() => {
        const error = new Error('Postgres did not answer in time')
        this.connection.stream.destroy(Object.assign(error, { code: 'ETIMEDOUT' }))
      }, deadlineMs)
      return super.query(...(args as Parameters<Client['query']>))
    }
  }
}
