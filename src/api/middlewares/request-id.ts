import { randomUUID } from 'node:crypto'
import type { Logger } from '../../observability/logger.ts'
import { step, type Step } from '../context.ts'

/** What a caller or proxy may choose as a request id: it goes into logs and a header, so only harmless characters. */
const GIVEN_ID = /^[A-Za-z0-9_-]{8,64}$/

/** Gives each request an id, the caller's if it is a harmless one, for the log, X-Request-Id and problems. */
export function requestId(logger: Logger): Step {
  return step({}, async (ctx, next) => {
    const given = ctx.get('X-Request-Id')
    ctx.state.requestId = GIVEN_ID.test(given) ? given : randomUUID()
    ctx.state.logger = logger.child({ requestId: ctx.state.requestId })
    ctx.set('X-Request-Id', ctx.state.requestId)
    await next()
  })
}
