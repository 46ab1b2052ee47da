import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { erasureSteps } from '../../../src/services/leaving/erase/steps.ts'
import { mortalWorkers, type MortalWorkers } from '../../support/servers/mortal-workers.ts'
import { openErasureWorld, type ErasureWorld } from '../../support/worlds/erasure-world.ts'
import { expectErased, leaveTraces } from './traces-everywhere.ts'

/** Every step of the plan, and those around it. Nothing is opened to name them. */
const STEPS = [
  'beginErasure',
  ...erasureSteps({} as never).map(({ name }) => `eraseStep ${name}`),
  'verifyErasure',
  'completeErasure',
]

let of: ErasureWorld
let workers: MortalWorkers
beforeAll(async () => {
  of = await openErasureWorld({ orchestrated: false })
  workers = mortalWorkers(of.settings)
  workers.start()
})
afterAll(async () => {
  await workers?.kill()
  await of?.close()
})

/** What a death in the midst of a step leaves is in deaths.test.ts. */
describe('an erasure whose worker is killed at each of its steps', () => {
  it('ends as one that nobody disturbed', { timeout: 900_000 }, async () => {
    expect(STEPS).toHaveLength(18)
    const traces = await leaveTraces(of)
    await workers.kill()
    const left = await of.call(traces.ann, 'DELETE', '/me', { password: traces.ann.password })
    expect(left.status).toBe(202)
    await workers.dieAfterEach(STEPS)
    workers.start()
    await of.erased(traces.ann)
    await expectErased(of, traces, left.body.erasure, { isDisturbed: true })
  })
})
