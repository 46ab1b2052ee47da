import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  addApp,
  answerWith,
  challengeOf,
  makeRecoveryCodes,
  securityEventsOf,
  signInWith,
} from '../../support/factories/second-factors.ts'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld()
})
afterAll(() => world?.close())

describe('recovery codes', () => {
  it('are ten, shown once, and each good once', async () => {
    const ann = await world.signUp()
    await addApp(world, ann)
    const codes = await makeRecoveryCodes(world, ann)
    expect(new Set(codes).size).toBe(10)
    expect((await signInWith(world, ann, codes[0]!)).status).toBe(201)
    expect((await signInWith(world, ann, codes[0]!)).body.code).toBe('bad_credentials')
    expect((await signInWith(world, ann, codes[1]!.toUpperCase().replaceAll('-', ' '))).status).toBe(201)
    const shown = await world.call('GET', '/v1/me/two-factor/recovery-codes', { token: ann.token })
    expect(shown.body).toMatchObject({ left: 8 })
    expect((await securityEventsOf(world, ann)).filter((kind) => kind === 'recovery_code_used')).toHaveLength(
      2,
    )
  })

  it('let one of two in that send the same at once', async () => {
    const ann = await world.signUp()
    await addApp(world, ann)
    const [code] = await makeRecoveryCodes(world, ann)
    const challenges = await Promise.all([challengeOf(world, ann), challengeOf(world, ann)])
    const answers = await Promise.all(challenges.map((challenge) => answerWith(world, challenge, code!)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401])
  })

  it('are void once there are new ones', async () => {
    const ann = await world.signUp()
    await addApp(world, ann)
    const [before] = await makeRecoveryCodes(world, ann)
    const [now] = await makeRecoveryCodes(world, ann)
    expect((await signInWith(world, ann, before!)).body.code).toBe('bad_credentials')
    expect((await signInWith(world, ann, now!)).status).toBe(201)
  })

  it('of one account are nothing to another', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    await Promise.all([addApp(world, ann), addApp(world, bob)])
    const [code] = await makeRecoveryCodes(world, ann)
    expect((await signInWith(world, bob, code!)).body.code).toBe('bad_credentials')
    expect((await signInWith(world, ann, code!)).status).toBe(201)
  })

  it('are kept as hashes alone', async () => {
    const ann = await world.signUp()
    const [code] = await makeRecoveryCodes(world, ann)
    const stored = await world.db.primary({
      text: `SELECT encode(code_hash, 'escape') AS hash FROM recovery_codes WHERE user_id = $1`,
      values: [ann.id],
    })
    expect(stored).toHaveLength(10)
    expect(JSON.stringify(stored)).not.toContain(code!.replaceAll('-', ''))
  })
})
