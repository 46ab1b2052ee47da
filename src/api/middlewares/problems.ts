import { problemOf, STATUS_BY_CODE, toDarkroomError } from '../errors.ts'
import { step, type ApiContext, type Step } from '../context.ts'

/** Turns every thrown error into a problem document; faults of ours are logged with their cause. */
export function problems(): Step {
  return step({}, async (ctx, next) => {
    try {
      await next()
    } catch (thrown) {
      answerProblem(ctx, thrown)
    }
  })
}

function answerProblem(ctx: ApiContext, thrown: unknown): void {
  const error = toDarkroomError(thrown)
  const status = STATUS_BY_CODE[error.code]
  if (status >= 500) ctx.state.logger.error({ code: error.code, err: error.cause ?? error }, 'request failed')
  const { problem, headers } = problemOf(error, ctx.state.requestId)
  for (const [name, value] of headers) ctx.set(name, value)
  // Otherwise the unread body would have to be read to its end before the connection is reused.
  if (error.code === 'too_large' && !ctx.req.complete) ctx.set('Connection', 'close')
  ctx.remove('ETag')
  ctx.status = status
  ctx.body = JSON.stringify(problem)
  ctx.type = 'application/problem+json'
}
