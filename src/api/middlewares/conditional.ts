import { step, type Step } from '../context.ts'
import { etagOf, tagsOf } from '../etags.ts'

/**
 * Sets cache headers: only the client may store the answer, and must revalidate it. The weak ETag is
 * a digest of the whole answer, so it covers everything this viewer sees and the image URLs' window.
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
    if (reads && matchesAny(ctx.get('If-None-Match'), ctx.response.get('ETag'))) {
      ctx.status = 304
      ctx.body = null
    }
  })
}

/**
 * Weak comparison (RFC 9110, 13.1.2). Koa's `fresh` is not used because `Cache-Control: no-cache`,
 * which fetch adds to every conditional request, makes it always answer in full.
 */
function matchesAny(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === '') return false
  const tags = tagsOf(ifNoneMatch)
  return tags === '*' || tags.some((tag) => etag === `W/"${tag}"`)
}

function isPlainObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null && Object.getPrototypeOf(body) === Object.prototype
}
