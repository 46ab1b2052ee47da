import { Counter } from 'prom-client'
import { SECURITY_EVENT_KINDS, type SecurityEventKind } from '../domain/security-events.ts'
import type { Logger } from './logger.ts'

const events = new Counter({
  name: 'darkroom_security_events_total',
  help: 'What happened to the safety of accounts, by kind',
  labelNames: ['kind'] as const,
})
// A series that started with its first event would show no increase, so start it at 0.
for (const kind of SECURITY_EVENT_KINDS) events.inc({ kind }, 0)

const refused = new Counter({
  name: 'darkroom_internal_tokens_refused_total',
  help: 'Calls of internal routes with a token that is missing or wrong, by the token',
  labelNames: ['token'] as const,
})
for (const token of ['storage_events', 'metrics'] as const) refused.inc({ token }, 0)

/** The digest of the network changes daily, and gives no address away. */
export function securityEvent(
  logger: Logger,
  kind: SecurityEventKind,
  about: { userId: string; network: string },
): void {
  events.inc({ kind })
  logger.warn({ kind, ...about }, 'security event')
}

/** Somebody called an internal route without its token. */
export function internalTokenRefused(token: 'storage_events' | 'metrics'): void {
  refused.inc({ token })
}
