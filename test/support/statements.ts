import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import type { Database, Query } from '../../src/infra/db/database.ts'

export interface StatementSpy {
  /** Takes the texts of the statements that this process ran for the request, in order. */
  take(requestId: string): string[]
  stop(): void
}

const REQUEST_START = 'http.server.request.start'

/** Notes which statements each request runs on the database, by its X-Request-Id. Those of entities are not among them. */
export function spyOnStatements(db: Database): StatementSpy {
  const current = new AsyncLocalStorage<string[]>()
  const byRequest = new Map<string, string[]>()
  const onRequest = (message: unknown) => {
    const { request } = message as { request: IncomingMessage }
    const statements: string[] = []
    byRequest.set(String(request.headers['x-request-id']), statements)
    current.enterWith(statements)
  }
  subscribe(REQUEST_START, onRequest)

  const noting =
    (query: Query): Query =>
    (statement) => {
      current.getStore()?.push(statement.text)
      return query(statement)
    }
  const real = { primary: db.primary, replica: db.replica, transaction: db.transaction.bind(db) }
  Object.assign<Database, Partial<Database>>(db, {
    primary: noting(real.primary),
    replica: noting(real.replica),
    transaction: (work, options) =>
      real.transaction(({ em, query }) => work({ em, query: noting(query) }), options),
  })
  return {
    take(requestId) {
      const statements = byRequest.get(requestId)
      byRequest.delete(requestId)
      if (!statements) throw new Error(`no request ${requestId} has arrived`)
      return statements
    },
    stop() {
      unsubscribe(REQUEST_START, onRequest)
      Object.assign(db, real)
    },
  }
}
