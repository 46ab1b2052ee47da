import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { idempotent } from './middlewares/idempotent.ts'
import { signedIn } from './middlewares/identity.ts'
import { listed } from './middlewares/listed.ts'
import { valid } from './middlewares/valid.ts'
import { operation } from './operation.ts'
import type { ApiContext } from './context.ts'
import { createRoutes, refuseUnrouted } from './routing.ts'

const PlainPost = operation({ id: 'post', summary: 'Post', responses: { 204: null } })
const PlainList = operation({
  id: 'list',
  summary: 'List',
  query: z.strictObject({ limit: z.number() }),
  responses: { 204: null },
})
const replay = async () => {}

describe('the order of steps', () => {
  it('is a matter of types: a step comes after those that add what it needs', () => {
    const routes = createRoutes('')
    routes.post('/ok', signedIn(), valid(PlainPost), idempotent(replay), async () => {})
    routes.get('/ok', signedIn(), valid(PlainList), listed(), async () => {})
    // @ts-expect-error: idempotent() needs the viewer
    routes.post('/no', valid(PlainPost), idempotent(replay), signedIn(), async () => {})
    // @ts-expect-error: idempotent() needs the input
    routes.post('/no', signedIn(), idempotent(replay), valid(PlainPost), async () => {})
    // @ts-expect-error: listed() needs the viewer
    routes.get('/no', valid(PlainList), listed(), signedIn(), async () => {})
  })
})

describe('a path that does not have the method', () => {
  const routes = createRoutes('')
  routes.get('/albums/:albumId', async () => {})
  routes.put('/albums/:albumId/members/:username', async () => {})
  routes.delete('/albums/:albumId/members/me', async () => {})
  const refuse = refuseUnrouted(routes.list)

  it.each([
    ['/albums/7', 'GET, HEAD'],
    ['/albums/7/members/ada', 'PUT'],
    ['/albums/7/members/me', 'DELETE'],
  ])('%s names those that it has: %s', async (path, allowed) => {
    const headers = new Map<string, string>()
    const ctx = { path, method: 'OPTIONS', set: (name: string, value: string) => headers.set(name, value) }
    await expect(refuse(ctx as unknown as ApiContext, async () => {})).rejects.toMatchObject({
      code: 'method_not_allowed',
    })
    expect(headers.get('Allow')).toBe(allowed)
  })
})
