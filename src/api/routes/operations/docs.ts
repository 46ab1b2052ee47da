import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import mount from 'koa-mount'
import serve from 'koa-static'
import { DOCS_CONTENT_SECURITY_POLICY } from '../../middlewares/security-headers.ts'
import { valid } from '../../middlewares/valid.ts'
import { step, type Step } from '../../context.ts'
import type { Routes } from '../../routing.ts'
import { GetDocs, GetOpenApi, GetRoot } from './schema.ts'

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Darkroom API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true })\n`

/** /openapi.json and a page that shows it. The document is built from all routes on first use. */
export function docsRoutes(routes: Routes, document: () => object): void {
  let text: string | undefined
  routes.get('/openapi.json', valid(GetOpenApi), async (ctx) => {
    text ??= JSON.stringify(document())
    ctx.type = 'application/json'
    ctx.body = text
  })
  routes.get('/', valid(GetRoot), async (ctx) => {
    ctx.redirect('/docs')
  })
  routes.get('/docs', valid(GetDocs), async (ctx) => {
    ctx.set('Content-Security-Policy', DOCS_CONTENT_SECURITY_POLICY)
    ctx.type = 'html'
    ctx.body = PAGE
  })
}

/** The files that the page loads: Swagger UI and the line that starts it. */
export function docsFiles(): Step {
  const root = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const files = mount('/docs', serve(root, { index: false, maxAge: 3_600_000 }))
  const served = /^\/docs\/swagger-ui(-bundle\.js|\.css)$/
  return step({}, async (ctx, next) => {
    if (ctx.path === '/docs/start.js' && ctx.method === 'GET') {
      ctx.type = 'text/javascript'
      ctx.body = START
      return
    }
    if (served.test(ctx.path)) await (files as unknown as Step)(ctx, next)
    else await next()
  })
}
