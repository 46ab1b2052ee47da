import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountErasureWorkflowId } from '../../../src/contracts/account-erasure.ts'
import { createBeginErasure } from '../../../src/services/leaving/begin-erasure.ts'
import { sweepComments } from '../../../src/services/engagement/sweep-comments.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'
import { openErasureWorld, type ErasureWorld } from '../../support/worlds/erasure-world.ts'
import { expectErased, leaveTraces } from './traces-everywhere.ts'

let of: ErasureWorld
let world: ApiWorld
/** One whose erasures have their days of grace. */
let patient: ApiWorld
let call: ErasureWorld['call']
let must: ErasureWorld['must']

beforeAll(async () => {
  of = await openErasureWorld()
  ;({ world, call, must } = of)
  patient = await openApiWorld(of.settings)
})
afterAll(async () => {
  await patient?.close()
  await of?.close()
})

const receiptOf = ({ id, secret }: { id: string; secret: string }, from = world) =>
  from.call('GET', `/v1/me/erasure?id=${id}`, { headers: { 'X-Erasure-Secret': secret } })

const statusOf = async ({ id }: Person) => {
  const [row] = await world.db.primary<{ status: string }>({
    text: 'SELECT status FROM users WHERE user_id = $1',
    values: [id],
  })
  return row!.status
}

describe('an account that leaves for good', { timeout: 240_000 }, () => {
  it('leaves no trace in any store, and others as they were', async () => {
    const traces = await leaveTraces(of)
    const { ann, bob, cleo, bobs, reply } = traces
    const left = await call(ann, 'DELETE', '/me', { password: ann.password })
    expect(left.status).toBe(202)
    expect((await call(cleo, 'GET', `/users/${ann.username}`)).status).toBe(404)
    await of.erased(ann)
    await expectErased(of, traces, left.body.erasure)

    // Once the reply goes, so does what stood for its sake.
    await must(bob, 'DELETE', `/comments/${reply}`)
    expect((await must(cleo, 'GET', `/photos/${bobs}/comments`)).items).toHaveLength(1)
    expect((await must(cleo, 'GET', `/photos/${bobs}`)).photo.commentCount).toBe(1)
    for (let sweep = 0; sweep < 2; sweep++) await sweepComments(world.db.primary, 183).run()
    const rows = await world.db.primary({
      text: 'SELECT FROM comments WHERE author_id = $1',
      values: [ann.id],
    })
    expect(rows).toHaveLength(0)
  })

  it('is nobody any more, and its name stays reserved', async () => {
    const mark = `zq${randomBytes(6).toString('hex')}`
    const ann = await of.somebody(mark)
    const { erasure } = (await call(ann, 'DELETE', '/me', { password: ann.password })).body
    await of.erased(ann)
    const { username, password } = ann
    expect((await call(undefined, 'POST', '/sessions', { username, password })).body.code).toBe(
      'bad_credentials',
    )
    expect(
      (await call(undefined, 'POST', '/sessions', { username: `~${ann.id}`, password: 'x' })).body.code,
    ).toBe('bad_credentials')
    expect((await call(ann, 'GET', '/me')).status).toBe(401)
    for (const name of [username, username.toUpperCase()]) {
      const taken = await call(undefined, 'POST', '/users', { username: name, password: randomUUID() })
      expect(taken.body.code).toBe('username_taken')
    }
    await world.db.primary({ text: `UPDATE reserved_usernames SET until = now() - interval '1 second'` })
    expect((await call(undefined, 'POST', '/users', { username, password: randomUUID() })).status).toBe(201)
    expect((await receiptOf(erasure)).status).toBe(200)
  })
})

describe('the days of grace', () => {
  const leave = (who: Person) =>
    patient.call('DELETE', '/v1/me', { token: who.token, body: { password: who.password } })
  const signIn = ({ username, password }: Person) =>
    patient.call('POST', '/v1/sessions', { body: { username, password } })

  it('end with a sign-in, which brings everything back', async () => {
    const ann = await patient.signUp()
    const photoId = await patient.seedPhoto({ ownerId: ann.id })
    const { erasure } = (await leave(ann)).body
    const inDays = (new Date(erasure.startsAt).getTime() - Date.now()) / (24 * 60 * 60 * 1000)
    expect(inDays).toBeCloseTo(14, 1)
    expect((await patient.call('GET', `/v1/photos/${photoId}`)).status).toBe(404)
    expect((await receiptOf(erasure, patient)).body.erasure).toMatchObject({ state: 'waiting', stores: [] })

    const { status, body } = await signIn(ann)
    expect(status).toBe(201)
    expect(await statusOf(ann)).toBe('active')
    const told = await patient.call('GET', '/v1/me/security-events', { token: body.accessToken })
    expect(told.body.items.map((item: Json) => item.kind)).toEqual(['erasure_cancelled', 'erasure_requested'])
    expect((await patient.call('GET', `/v1/photos/${photoId}`)).status).toBe(200)
    expect((await receiptOf(erasure, patient)).status).toBe(404)
    const handle = of.workers.temporal.workflow.getHandle(accountErasureWorkflowId(ann.id))
    expect(await handle.result()).toMatchObject({ state: 'cancelled' })
  })

  it('end either by a sign-in or by the start, never by both', async () => {
    const begin = createBeginErasure({ db: patient.db })
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const ann = await patient.signUp()
        await leave(ann)
        await patient.db.primary({
          text: 'UPDATE account_erasures SET starts_at = now() WHERE user_id = $1',
          values: [ann.id],
        })
        const [begun, signedIn] = await Promise.all([begin(ann.id), signIn(ann)])
        const status = await statusOf(ann)
        return `${begun.state} ${signedIn.status} ${status}`
      }),
    )
    for (const outcome of outcomes) expect(['begun 409 erasing', 'none 201 active']).toContain(outcome)
  })

  it('are asked for with the password, once', async () => {
    const ann = await patient.signUp()
    const wrong = await patient.call('DELETE', '/v1/me', { token: ann.token, body: { password: 'a guess' } })
    expect(wrong.body.code).toBe('invalid')
    const answers = await Promise.all([leave(ann), leave(ann)])
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 401])
  })
})

describe('a receipt', () => {
  it('is shown to nobody without its secret', async () => {
    const ann = await patient.signUp()
    const { body } = await patient.call('DELETE', '/v1/me', {
      token: ann.token,
      body: { password: ann.password },
    })
    const { id, secret } = body.erasure
    expect((await receiptOf({ id, secret }, patient)).status).toBe(200)
    const refused = await Promise.all([
      receiptOf({ id, secret: secret.slice(1) }, patient),
      receiptOf({ id, secret: '' }, patient),
      receiptOf({ id: randomUUID(), secret }, patient),
    ])
    const bodies = refused.map(({ status, body: { requestId: _, ...problem } }) => ({ status, problem }))
    expect(bodies[0]!.status).toBe(404)
    for (const other of bodies) expect(other).toEqual(bodies[0])
    const [row] = await patient.db.primary<{ row: string }>({
      text: 'SELECT e::text AS row FROM account_erasures e WHERE erasure_id = $1',
      values: [id],
    })
    expect(row!.row).not.toContain(secret)
  })
})
