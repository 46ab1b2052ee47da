import { Router, type RouterMiddleware } from '@koa/router'
import { DarkroomError, notFound } from '../domain/errors.ts'
import type { RouteScope } from '../domain/scopes.ts'
import type { ApiContext, Step, StepDescription } from './context.ts'

type Handler<Added> = (ctx: ApiContext & Added) => Promise<void>

/**
 * Declares a route: its path, the steps that guard it in order, and its handler. Each step may use
 * what the steps before it add.
 */
interface Declare {
  (path: string, handler: Handler<unknown>): void
  <A>(path: string, a: Step<unknown, A>, handler: Handler<A>): void
  <A, B>(path: string, a: Step<unknown, A>, b: Step<NoInfer<A>, B>, handler: Handler<A & B>): void
  <A, B, C>(
    path: string,
    a: Step<unknown, A>,
    b: Step<NoInfer<A>, B>,
    c: Step<NoInfer<A & B>, C>,
    handler: Handler<A & B & C>,
  ): void
  <A, B, C, D>(
    path: string,
    a: Step<unknown, A>,
    b: Step<NoInfer<A>, B>,
    c: Step<NoInfer<A & B>, C>,
    d: Step<NoInfer<A & B & C>, D>,
    handler: Handler<A & B & C & D>,
  ): void
  <A, B, C, D, E>(
    path: string,
    a: Step<unknown, A>,
    b: Step<NoInfer<A>, B>,
    c: Step<NoInfer<A & B>, C>,
    d: Step<NoInfer<A & B & C>, D>,
    e: Step<NoInfer<A & B & C & D>, E>,
    handler: Handler<A & B & C & D & E>,
  ): void
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

export interface RouteDefinition {
  method: Method
  /** Full path with `:parameters`. */
  path: string
  chain: Step[]
  description: StepDescription
}

export interface Routes extends Record<Method, Declare> {
  list: RouteDefinition[]
}

/** A collector of routes below a prefix. */
export function createRoutes(prefix: string): Routes {
  const list: RouteDefinition[] = []
  const declare =
    (method: Method): Declare =>
    (path: string, ...chain: unknown[]) => {
      const steps = chain as Step[]
      const description = Object.assign({}, ...steps.map((step) => step.describes)) as StepDescription
      list.push({ method, path: prefix + path, chain: steps, description })
    }
  return {
    list,
    get: declare('get'),
    post: declare('post'),
    put: declare('put'),
    patch: declare('patch'),
    delete: declare('delete'),
  }
}

/** What a route asks of a personal access token; undefined if it asks for no account. */
export function scopeOf({ method, description }: RouteDefinition): RouteScope | undefined {
  const { security, operation } = description
  if (security !== 'required' && security !== 'optional') return undefined
  return operation?.scope ?? (method === 'get' ? ['read'] : ['write'])
}

/** Koa's router over all routes; unknown paths get 404 and wrong methods 405 with Allow, as problems. */
export function createRouter(routes: readonly RouteDefinition[]): Router {
  const router = new Router({ sensitive: true, strict: true })
  const paths = pathsOf(routes)
  for (const route of routes) {
    const own = patternOf(route.path)
    const narrower = paths.filter(({ path }) => path !== route.path && own.test(path))
    const notePattern: Step = async (ctx, next) => {
      const meant = narrower.find(({ pattern }) => pattern.test(ctx.path))
      if (meant && !meant.methods.has(ctx.method)) throw methodNotAllowed(ctx, meant.methods)
      ctx.state.routePattern = route.path
      ctx.state.operation = route.description.operation
      ctx.state.scope = scopeOf(route)
      await next()
    }
    router[route.method](route.path, ...([notePattern, ...route.chain] as unknown as RouterMiddleware[]))
  }
  return router
}

/** Answers requests that no route matched: 405 with Allow if the path exists, else 404. */
export function refuseUnrouted(routes: readonly RouteDefinition[]): Step {
  const paths = pathsOf(routes)
  return async (ctx) => {
    const meant = paths.find(({ pattern }) => pattern.test(ctx.path))
    if (!meant) throw notFound('resource')
    throw methodNotAllowed(ctx, meant.methods)
  }
}

interface Path {
  path: string
  pattern: RegExp
  methods: ReadonlySet<string>
}

/**
 * The methods of each path. One that fixes more segments comes first, as a request means the first that it matches:
 * `/sessions/refresh` is not a session whose id is "refresh".
 */
function pathsOf(routes: readonly RouteDefinition[]): Path[] {
  return [...Map.groupBy(routes, ({ path }) => path)]
    .toSorted(([one], [other]) => parametersIn(one) - parametersIn(other))
    .map(([path, ofPath]) => ({
      path,
      pattern: patternOf(path),
      methods: new Set(ofPath.flatMap(({ method }) => METHODS_OF[method])),
    }))
}

const patternOf = (path: string) => new RegExp(`^${path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`)

const parametersIn = (path: string) => path.split(':').length

const METHODS_OF: Record<Method, string[]> = {
  get: ['GET', 'HEAD'],
  post: ['POST'],
  put: ['PUT'],
  patch: ['PATCH'],
  delete: ['DELETE'],
}

function methodNotAllowed(ctx: ApiContext, allowed: ReadonlySet<string>): DarkroomError {
  ctx.set('Allow', [...allowed].join(', '))
  return new DarkroomError('method_not_allowed', 'This method is not allowed here; see Allow.')
}
