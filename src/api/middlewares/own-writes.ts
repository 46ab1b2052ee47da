import { step, type Step } from '../context.ts'

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Records a viewer's write before it is answered, so that their next read sees it. */
export function ownWrites(): Step {
  return step({}, async (ctx, next) => {
    await next()
    const { viewer } = ctx.state.identity
    if (viewer.kind === 'user' && !READING.has(ctx.method)) await ctx.services.ownWrites.mark(viewer.userId)
  })
}
