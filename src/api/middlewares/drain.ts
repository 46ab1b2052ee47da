import { DarkroomError } from '../../domain/errors.ts'
import { step, type Step } from '../context.ts'

const STILL_ANSWERED = new Set(['/healthz', '/readyz', '/metrics'])

/**
 * While the process stops, running requests finish, each with `Connection: close`, and new requests
 * on open connections are refused so that clients try another process.
 */
export function drain(): Step {
  return step({}, async (ctx, next) => {
    if (ctx.stopping.aborted && !STILL_ANSWERED.has(ctx.path)) {
      ctx.set('Connection', 'close')
      throw new DarkroomError('unavailable', 'This process is stopping; try again.', { retryAfterSeconds: 1 })
    }
    await next()
    if (ctx.stopping.aborted) ctx.set('Connection', 'close')
  })
}
