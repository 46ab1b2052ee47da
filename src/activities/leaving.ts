import { cancellationSignal } from '@temporalio/activity'
import type { LeavingActivities } from '../contracts/activities/leaving.ts'
import type { ErasureSteps } from '../services/leaving/module.ts'
import { asActivities } from './failures.ts'

/** The time limit of a piece of a step, beside the batch that is under way. */
const SLICE_MS = 10_000

/** The steps of accountErasure. */
export function createLeavingActivities({ begin, steps, verify, complete }: ErasureSteps): LeavingActivities {
  return asActivities<LeavingActivities>({
    async beginErasure({ userId }) {
      const begun = await begin(userId)
      return begun.state === 'begun' ? { ...begun, steps: steps.map(({ name }) => name) } : begun
    },
    async eraseStep({ step: name, ...account }) {
      const step = steps.find((one) => one.name === name)
      // Of a later release: the round that follows has the steps of this one.
      if (!step) return { state: 'done' }
      const endsAt = performance.now() + SLICE_MS
      for (;;) {
        const state = await step.next(account)
        cancellationSignal().throwIfAborted()
        if (state !== 'more' || performance.now() > endsAt) return { state }
      }
    },
    verifyErasure: async (account) => ({ left: await verify(account) }),
    completeErasure: (account) => complete(account),
  })
}
