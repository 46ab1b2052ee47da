import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scopeOf } from '../../../src/api/routing.ts'
import { SCOPES, type Scope } from '../../../src/domain/scopes.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let ann: Person
const tokens = new Map<Scope, string>()

beforeAll(async () => {
  world = await openApiWorld()
  ann = await world.signUp()
  for (const scope of SCOPES) {
    const body = { name: scope, scopes: [scope] }
    const { body: made } = await world.call('POST', '/v1/me/tokens', { token: ann.token, body })
    tokens.set(scope, made.secret)
  }
})
afterAll(() => world?.close())

/** Of nothing that exists, and without a body: a token that is admitted changes nothing. */
const pathOf = (path: string) =>
  path.replace(/:(\w+)/g, (_, name: string) => (name.endsWith('Id') ? randomUUID() : 'nobody-at-all'))

const isRefused = ({ status, body }: { status: number; body: { code?: string; detail?: string } }) =>
  status === 403 &&
  body.code === 'forbidden' &&
  /personal access tokens|needs the scope/.test(body.detail ?? '')

describe('a personal access token', () => {
  it('is admitted by the routes that name its scope, and by no others', async () => {
    const wrong: string[] = []
    const asked = world.api.routes.flatMap((route) => {
      const scope = scopeOf(route)
      return scope === undefined ? [] : [{ ...route, scope }]
    })
    expect(asked.length).toBeGreaterThan(80)
    for (const { method, path, scope } of asked) {
      for (const [held, token] of tokens) {
        const answer = await world.call(method.toUpperCase(), pathOf(path), { token })
        const isMeant = scope !== 'none' && scope.includes(held)
        if (isRefused(answer) === isMeant) wrong.push(`${method} ${path} with ${held}: ${answer.status}`)
        if (answer.status === 401) wrong.push(`${method} ${path} with ${held}: 401`)
      }
    }
    expect(wrong).toEqual([])
  })
})
