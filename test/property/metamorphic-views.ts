import type { ApiWorld, Json, Person } from '../support/worlds/api-world.ts'

/** What the requests of a world are about, by the path parameter that names it. */
export type Things = Readonly<Record<string, readonly string[]>>

/** What routes that show no state of the world, or not only that, are left out for. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  '/v1/sessions': 'devices, which no deed here changes',
  '/v1/events': 'a stream',
  '/v1/me/erasure': 'a receipt, which no deed here makes',
  '/v1/photos/:photoId/original': 'bytes that the storage of this world does not have',
  '/v1/photos/:photoId/progress': 'the workflows, which do not run in this world',
  '/v1/search/photos': 'the index, which a workflow keeps',
  '/v1/search/suggest': 'the index, as well',
  '/v1/me/exports/:exportId': 'exports, which no deed here asks for',
  '/v1/moderation/cases/:caseId': 'cases, which no deed here opens',
  '/v1/me/webhooks/:webhookId': 'webhooks, which no deed here makes',
  '/v1/me/webhooks/:webhookId/deliveries': 'a log: undoing something adds to it',
  '/v1/auth/:provider': 'a sign-in, which it begins',
  '/v1/auth/:provider/callback': 'a sign-in, which it finishes',
  '/v1/albums/:albumId/activity': 'a log: undoing something adds to it',
}

/** Signed anew from time to time; and looking at an album by its link counts. */
const FLEETING = new Set(['url', 'expiresAt', 'nextCursor', 'views', 'lastUsedAt', 'session'])

/** All that an account, or nobody, can read: the answers of every GET route about these things, by path. */
export type Views = Record<string, { status: number; body: Json }>

/** Paths of every GET route under /v1, with each thing that they can be about. */
export function pathsOf(world: ApiWorld, things: Things): string[] {
  const patterns = world.api.routes.flatMap(({ method, path }) =>
    method === 'get' && path.startsWith('/v1/') && !(path in LEFT_OUT) ? [path] : [],
  )
  return patterns.flatMap((pattern) =>
    [...pattern.matchAll(/:(\w+)/g)].reduce(
      (paths, [parameter, name]) => {
        const known = things[name!]
        if (!known) throw new Error(`${pattern}: what is a ${name}? Name some, or leave the route out.`)
        return paths.flatMap((path) => known.map((thing) => path.replace(parameter, thing)))
      },
      [pattern === '/v1/photos' ? `${pattern}?ids=${things['photoId']!.join()}` : pattern],
    ),
  )
}

export async function viewsOf(world: ApiWorld, viewer: Person | undefined, paths: string[]): Promise<Views> {
  const answers = await Promise.all(
    paths.map(async (path) => {
      const { status, body } = await world.call('GET', path, { token: viewer?.token })
      return [path, { status, body: status === 200 ? lasting(body) : body.code }] as const
    }),
  )
  return Object.fromEntries(answers)
}

function lasting(value: Json): Json {
  if (Array.isArray(value)) return value.map(lasting)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !FLEETING.has(name))
      .map(([name, inner]) => [name, lasting(inner)]),
  )
}

/** Views as sets: without the order of lists, and without the ids and times of what was made since. */
export function unordered(value: Json): Json {
  if (Array.isArray(value)) return value.map(unordered).sort((one, other) => order(one, other))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !MADE.has(name))
      .map(([name, inner]) => [name, unordered(inner)]),
  )
}
const MADE = new Set(['id', 'createdAt', 'editedAt', 'addedAt', 'deletedAt', 'erasesAt'])

function order(one: Json, other: Json): number {
  const [left, right] = [JSON.stringify(one), JSON.stringify(other)]
  return left < right ? -1 : left > right ? 1 : 0
}
