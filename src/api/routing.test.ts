import { describe, it } from 'vitest'
import { z } from 'zod'
import { idempotent } from './middlewares/idempotent.ts'
import { signedIn } from './middlewares/identity.ts'
import { listed } from './middlewares/listed.ts'
import { valid } from './middlewares/valid.ts'
import { operation } from './operation.ts'
import { createRoutes } from './routing.ts'

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
