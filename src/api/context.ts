import type { Next, ParameterizedContext } from 'koa'
import type { Logger } from '../observability/logger.ts'
import type { RatePolicyName } from '../services/requests/rate-limits.ts'
import type { Services } from '../services/services.ts'
import type { AnonymousViewer, UserViewer } from '../domain/viewer.ts'
import type { DarkroomError } from '../domain/errors.ts'
import type { RouteScope, Scope } from '../domain/scopes.ts'
import type { Operation } from './operation.ts'
import type { PresentPeople } from './routes/accounts/presenter.ts'

/** An authenticated account, and the session that its access token belongs to. */
export interface SignedIn extends UserViewer {
  sessionId: string
}

/** The scopes of the personal access token that a request came with; undefined for an access token, which may do everything. */
type GrantedScopes = readonly Scope[] | undefined

/** The Authorization header: absent, an account, or a token to refuse where an account is required. */
export interface Identity {
  viewer: SignedIn | AnonymousViewer
  refusal?: DarkroomError
  scopes?: GrantedScopes
}

export interface RequestState {
  requestId: string
  logger: Logger
  /** The client's address; IPv6 by its /64 network. */
  address: string
  /** The network around it: the /24 of IPv4, the /48 of IPv6. */
  prefix: string
  identity: Identity
  /** What the route that answers asks of a personal access token. */
  scope?: RouteScope | undefined
  /** The pattern of the route that answers, for logs and metrics; undefined if none matched. */
  routePattern?: string
  /** What that route declares. */
  operation?: Operation | undefined
  /** The version of the photo or account in the answer, for its ETag. */
  version?: number | string
}

/** Koa's context with what every route may use. */
export type ApiContext = ParameterizedContext<
  RequestState,
  {
    services: Services
    /** Shows accounts; their avatars' URLs are signed. */
    people: PresentPeople
    /** Aborted when the process is told to stop, so that long polls answer with what they have. */
    stopping: AbortSignal
  }
>

/** What the OpenAPI document needs to know about a step. */
export interface StepDescription {
  security?: 'required' | 'optional' | 'operator' | 'storageEvents'
  limits?: RatePolicyName
  operation?: Operation
  idempotent?: true
  /** The step reads a page of a list for its viewer. */
  list?: true
}

/**
 * One link of a route's chain: a middleware that declares what it needs from the context, what it
 * adds, and how OpenAPI describes it. A step placed before one that it needs is a type error.
 */
export interface Step<Needs = unknown, Adds = unknown> {
  (ctx: ApiContext & Needs, next: Next): Promise<void>
  describes?: StepDescription
  adds?: (added: Adds) => void
}

/** Makes a step from a function. */
export function step<Needs = unknown, Adds = unknown>(
  describes: StepDescription,
  run: (ctx: ApiContext & Needs & Adds, next: Next) => Promise<void>,
): Step<Needs, Adds> {
  return Object.assign(run as Step<Needs, Adds>, { describes })
}
