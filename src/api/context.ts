import type { Next, ParameterizedContext } from 'koa'
import type { Logger } from '../observability/logger.ts'
import type { RatePolicyName } from '../services/requests/rate-limits.ts'
import type { Services } from '../services/services.ts'
import type { AnonymousViewer, UserViewer } from '../domain/viewer.ts'
import type { DarkroomError } from '../domain/errors.ts'

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
}

/** One link of a route's chain: a middleware that says what it adds to the context and to the API's description. */
export interface Step<Adds = unknown> {
  (ctx: ApiContext, next: Next): Promise<void>
  describes?: StepDescription
  adds?: (added: Adds) => void
}

/** Makes a step of a function. */
export function step<Adds = unknown>(
  describes: StepDescription,
  run: (ctx: ApiContext & Adds, next: Next) => Promise<void>,
): Step<Adds> {
  return Object.assign(run as Step<Adds>, { describes })
}

import type { Operation } from './operation.ts'
