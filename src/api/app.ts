import Koa from 'koa'
import { frontSigner } from '../services/photos/front-signature.ts'
import type { Config } from '../config/config.ts'
import type { Logger } from '../observability/logger.ts'
import type { Services } from '../services/services.ts'
import type { RequestState } from './context.ts'
import { createHttpMetrics } from './metrics.ts'
import { accessLog } from './middlewares/access-log.ts'
import { clientAddress } from './middlewares/client-address.ts'
import { conditional } from './middlewares/conditional.ts'
import { cors } from './middlewares/cors.ts'
import { drain } from './middlewares/drain.ts'
import { identity } from './middlewares/identity.ts'
import { ownWrites } from './middlewares/own-writes.ts'
import { problems } from './middlewares/problems.ts'
import { requestId } from './middlewares/request-id.ts'
import { securityHeaders } from './middlewares/security-headers.ts'
import { createOpenApiDocument } from './openapi/document.ts'
import { createRouter, createRoutes, refuseUnrouted, type RouteDefinition } from './routing.ts'
import { accountRoutes } from './routes/accounts/routes.ts'
import { avatarRoutes } from './routes/avatars/routes.ts'
import { albumMemberRoutes } from './routes/albums/member-routes.ts'
import { albumRoutes } from './routes/albums/routes.ts'
import { commentRoutes } from './routes/engagement/comment-routes.ts'
import { leavingRoutes } from './routes/leaving/routes.ts'
import { likeRoutes } from './routes/engagement/like-routes.ts'
import { eventRoutes } from './routes/events/routes.ts'
import { exportRoutes } from './routes/exports/routes.ts'
import { feedRoutes } from './routes/feed/routes.ts'
import { blockRoutes } from './routes/graph/block-routes.ts'
import { followRequestRoutes } from './routes/graph/follow-request-routes.ts'
import { graphRoutes } from './routes/graph/routes.ts'
import { caseRoutes } from './routes/moderation/case-routes.ts'
import { decisionRoutes } from './routes/moderation/decision-routes.ts'
import { oversightRoutes } from './routes/moderation/oversight-routes.ts'
import { reportRoutes } from './routes/moderation/report-routes.ts'
import { notificationRoutes } from './routes/notifications/routes.ts'
import { ownLibraryRoutes } from './routes/discovery/own-library-routes.ts'
import { suggestedTagRoutes } from './routes/discovery/suggested-tags-routes.ts'
import { discoveryRoutes } from './routes/discovery/routes.ts'
import { docsFiles, docsRoutes } from './routes/operations/docs.ts'
import { operationsRoutes } from './routes/operations/routes.ts'
import type { PlaceOf } from '../infra/geo/places.ts'
import { createPeoplePresenter } from './routes/accounts/presenter.ts'
import { createPhotoPresenter } from './routes/photos/presenter.ts'
import { photoRoutes } from './routes/photos/routes.ts'
import { profileRoutes } from './routes/graph/profile-routes.ts'
import { searchRoutes } from './routes/search/routes.ts'
import { dropBoxRoutes } from './routes/share-links/drop-box-routes.ts'
import { shareLinkRoutes } from './routes/share-links/routes.ts'
import { visitorRoutes } from './routes/share-links/visitor-routes.ts'
import { webPushRoutes } from './routes/web-push/routes.ts'
import { webhookRoutes } from './routes/webhooks/routes.ts'
import { suspensionRoutes } from './routes/moderation/suspension-routes.ts'
import { safetyRoutes } from './routes/accounts/safety-routes.ts'
import { externalSignInRoutes } from './routes/accounts/external-sign-in-routes.ts'
import { passkeyRoutes } from './routes/accounts/passkey-routes.ts'
import { sessionRoutes } from './routes/accounts/session-routes.ts'
import { signInRoutes } from './routes/accounts/sign-in-routes.ts'
import { tokenRoutes } from './routes/accounts/token-routes.ts'
import { twoFactorRoutes } from './routes/accounts/two-factor-routes.ts'
import { uploadRoutes } from './routes/uploads/routes.ts'
import { storageEventRoutes } from './routes/uploads/storage-event-routes.ts'

export interface AppDeps {
  config: Config
  services: Services
  logger: Logger
  placeOf: PlaceOf
  /** Aborted when the process is told to stop. */
  stopping: AbortSignal
}

export interface App {
  koa: Koa
  routes: readonly RouteDefinition[]
}

/** The API: the middlewares that every request passes, in order, and then its route. */
export function createApp({ config, services, logger, placeOf, stopping }: AppDeps): App {
  const metrics = createHttpMetrics()
  const signForFront = frontSigner(config)
  const signing = {
    cdnBaseUrl: config.CDN_BASE_URL,
    cdnSigningKey: config.CDN_SIGNING_KEY,
    signForFront,
  }
  const people = createPeoplePresenter(signing)
  const present = createPhotoPresenter({
    ...signing,
    people,
    publicUrl: config.PUBLIC_URL,
    placeOf,
  })

  const v1 = createRoutes('/v1')
  accountRoutes(v1)
  signInRoutes(v1)
  sessionRoutes(v1)
  safetyRoutes(v1)
  tokenRoutes(v1)
  twoFactorRoutes(v1)
  passkeyRoutes(v1)
  leavingRoutes(v1)
  externalSignInRoutes(v1, config.PUBLIC_URL)
  uploadRoutes(v1, { present, maxUploadBytes: config.MAX_UPLOAD_BYTES })
  avatarRoutes(v1)
  photoRoutes(v1, present, placeOf)
  likeRoutes(v1)
  commentRoutes(v1)
  albumRoutes(v1, present)
  albumMemberRoutes(v1, present)
  shareLinkRoutes(v1, config.PUBLIC_URL)
  visitorRoutes(v1, { ...config, signForFront })
  dropBoxRoutes(v1, present)
  graphRoutes(v1)
  followRequestRoutes(v1)
  blockRoutes(v1)
  profileRoutes(v1)
  exportRoutes(v1)
  feedRoutes(v1, present)
  notificationRoutes(v1, present)
  reportRoutes(v1)
  caseRoutes(v1)
  decisionRoutes(v1)
  oversightRoutes(v1)
  suspensionRoutes(v1)
  searchRoutes(v1, present)
  discoveryRoutes(v1, present)
  ownLibraryRoutes(v1, present)
  suggestedTagRoutes(v1)
  webhookRoutes(v1)
  webPushRoutes(v1)
  eventRoutes(v1)
  const internal = createRoutes('/internal')
  storageEventRoutes(internal, config.STORAGE_EVENTS_TOKEN)
  const outside = createRoutes('')
  operationsRoutes(outside, { ...metrics, metricsToken: config.METRICS_TOKEN })
  const routes = [...v1.list, ...internal.list, ...outside.list]
  docsRoutes(outside, () => createOpenApiDocument(routes, config))
  routes.push(...outside.list.filter((route) => !routes.includes(route)))

  stopping.addEventListener('abort', () => services.eventStreams.endAll(), { once: true })

  const router = createRouter(routes)
  const koa = new Koa<RequestState>()
  Object.assign(koa.context, { services, stopping, people })
  // Errors thrown while a body is streamed, after its headers were sent.
  koa.on('error', (error: unknown) => logger.warn({ err: error }, 'answer not finished'))
  const chain = [
    requestId(logger),
    accessLog(metrics),
    securityHeaders(),
    cors(config.CORS_ORIGINS),
    problems(),
    drain(),
    clientAddress(config.TRUSTED_PROXY_HOPS),
    identity(services),
    docsFiles(),
    conditional(),
    ownWrites(),
    router.routes(),
    refuseUnrouted(routes),
  ]
  for (const middleware of chain) koa.use(middleware as Koa.Middleware)
  return { koa: koa, routes }
}
