import { step, type Step } from '../context.ts'
import { etagOf } from '../etags.ts'

/**
 * Cache headers of what a viewer sees: kept by nobody but the client, and only to ask again with If-None-Match. The weak
 * ETag is a digest of the whole answer, hence of everything that this viewer sees and of the image URLs' window.
 */
export function conditional(): Step {
  return step({}, async (ctx, next) => {
    ctx.set('Cache-Control', 'private, no-cache')
    ctx.vary('Authorization')
    await next()
    const reads = ctx.method === 'GET' || ctx.method === 'HEAD'
    if (!(reads || ctx.method === 'PATCH') || ctx.status !== 200 || !isPlainObject(ctx.body)) return
    const text = JSON.stringify(ctx.body)
    ctx.body = text
    ctx.type = 'application/json'
    ctx.set('ETag', etagOf(text, ctx.state.version))
    if (reads && ctx.fresh) {
      ctx.status = 304
      ctx.body = null
    }
  })
}

function isPlainObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null && Object.getPrototypeOf(body) === Object.prototype
}
