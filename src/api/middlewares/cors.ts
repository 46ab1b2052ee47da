import koaCors from '@koa/cors'
import type { Step } from '../context.ts'

const PREFLIGHT_SECONDS = 600

/** CORS for the configured origins, exactly as they are written; others get no CORS header at all. */
export function cors(origins: readonly string[]): Step {
  const allowed = new Set(origins)
  return koaCors({
    origin: (ctx) => (allowed.has(ctx.get('Origin')) ? ctx.get('Origin') : ''),
    allowMethods: 'GET,HEAD,POST,PUT,PATCH,DELETE',
    allowHeaders:
      'Authorization,Content-Type,Idempotency-Key,If-Match,If-None-Match,Last-Event-ID,X-Request-Id,' +
      'X-Share-Password,X-Share-Session,X-Erasure-Secret',
    exposeHeaders: 'ETag,Retry-After,RateLimit,RateLimit-Policy,X-Request-Id',
    // For the cookie of a sign-in through a provider; nothing else reads one.
    credentials: true,
    maxAge: PREFLIGHT_SECONDS,
    keepHeadersOnError: false,
  })
}
