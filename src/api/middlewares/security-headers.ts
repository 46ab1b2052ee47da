import helmet from 'koa-helmet'
import type { Step } from '../context.ts'

/**
 * Headers for answers that are data: nothing may be run, framed or sniffed from them. Cross-origin reads are what CORS
 * allows, so the resource policy does not forbid them again.
 */
export function securityHeaders(): Step {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
    },
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    referrerPolicy: { policy: 'no-referrer' },
  })
}

/** The policy of /docs: Swagger UI's own scripts and styles, this origin's document. */
export const DOCS_CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; frame-ancestors 'none'; base-uri 'none'"
