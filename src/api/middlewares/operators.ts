import { DarkroomError } from '../../domain/errors.ts'
import { carriesToken, isFromLoopback } from '../../observability/operator-access.ts'
import { internalTokenRefused } from '../../observability/security-events.ts'
import { step, type Step } from '../context.ts'

/** Admits only operators: requests from this machine or with the token. */
export function operator(token: string): Step {
  return step({ security: 'operator' }, async (ctx, next) => {
    if (!isFromLoopback(ctx.req) && !carriesToken(ctx.req, token)) {
      internalTokenRefused('metrics')
      throw new DarkroomError('unauthenticated', 'Only from the internal network or with the metrics token.')
    }
    await next()
  })
}

/** Admits only the storage's notifications. */
export function storageEventSender(token: string): Step {
  return step({ security: 'storageEvents' }, async (ctx, next) => {
    if (!carriesToken(ctx.req, token)) {
      internalTokenRefused('storage_events')
      throw new DarkroomError('unauthenticated', 'The storage events token is missing or wrong.')
    }
    await next()
  })
}
