import type { Next, ParameterizedContext } from 'koa'
import type { Logger } from '../observability/logger.ts'
import type { RatePolicyName } from '../services/requests/rate-limits.ts'
import type { Services } from '../services/services.ts'
import type { AnonymousViewer, UserViewer } from '../domain/viewer.ts'
import type { DarkroomError } from '../domain/errors.ts'
import type { Operation } from './operation.ts'

/** An account that proved who it is, and the session that its token belongs to. */
export interface SignedIn extends UserViewer {
  sessionId: string
}

/** What the Authorization header says: nothing, an account, or something that is refused where an account is wanted. */
export interface Identity {
  viewer: SignedIn | AnonymousViewer
  refusal?: DarkroomError
}

export interface RequestState {
  requestId: string
  logger: Logger
  /** The client's address; IPv6 by its /64 network. */
  address: string
  identity: Identity
  /** The pattern of the route that answers, for logs and metrics; undefined if none matched. */
  routePattern?: string
  /** The version of the one photo that is answered, for its ETag. */
  version?: number
}

/** Koa's context with what every route may use. */
export type ApiContext = ParameterizedContext<
  RequestState,
  {
    services: Services
    /** Aborted when the process is told to stop: long polls answer what they have. */
    stopping: AbortSignal
  }
>

/** What OpenAPI needs to know of a step. */
export interface StepDescription {
  security?: 'required' | 'optional' | 'operator' | 'storageEvents'
  limits?: RatePolicyName
  operation?: Operation
  idempotent?: true
  /** The step reads a page of a list for its viewer. */
  list?: true
}

/**
 * One link of a route's chain: a middleware that says what it needs of the context, what it adds to it, and what the API's
 * description says of it. A step before the one that adds what it needs is a type error.
 */
export interface Step<Needs = unknown, Adds = unknown> {
  (ctx: ApiContext & Needs, next: Next): Promise<void>
  describes?: StepDescription
  adds?: (added: Adds) => void
}

/** Makes a step of a function. */
export function step<Needs = unknown, Adds = unknown>(
  describes: StepDescription,
  run: (ctx: ApiContext & Needs & Adds, next: Next) => Promise<void>,
): Step<Needs, Adds> {
  return Object.assign(run as Step<Needs, Adds>, { describes })
}
