import { DarkroomError } from '../../domain/errors.ts'
import { carriesToken, isFromLoopback } from '../../observability/operator-access.ts'
import { step, type Step } from '../context.ts'

/** For those who run the service: this machine, or the bearer of the token. */
export function operator(token: string): Step {
  return step({ security: 'operator' }, async (ctx, next) => {
    if (!isFromLoopback(ctx.req) && !carriesToken(ctx.req, token)) {
      throw new DarkroomError('unauthenticated', 'For the internal network or with the metrics token.')
    }
    await next()
  })
}

/** For the storage's notifications alone. */
export function storageEventSender(token: string): Step {
  return step({ security: 'storageEvents' }, async (ctx, next) => {
    if (!carriesToken(ctx.req, token))
      throw new DarkroomError('unauthenticated', 'The storage events token is missing or wrong.')
    await next()
  })
}
