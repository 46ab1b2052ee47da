import helmet from 'koa-helmet'
import type { Step } from '../context.ts'

/**
 * Headers for answers that are data: a browser must not run, frame or sniff them. CORS decides
 * about cross-origin reads, so the resource policy does not forbid them again.
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
