import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import { runWorker } from '../../../src/workers/run-worker.ts'

/**
 * The orchestration worker as `npm start` runs it, except that it dies, by -9, when the step that DIES_AFTER names has had its effect, before
 * anybody is told: `<activity>`, or `<activity> <step>` for one whose input names a step.
 */
const diesAfter = process.env['DIES_AFTER']

type Activity = (input?: { step?: string }) => Promise<unknown>

const deadly =
  (name: string, activity: Activity): Activity =>
  async (input) => {
    const result = await activity(input)
    if (diesAfter === (input?.step === undefined ? name : `${name} ${input.step}`))
      process.kill(process.pid, 'SIGKILL')
    return result
  }

await runWorker({
  ...orchestrationWorker,
  async compose(clients) {
    const parts = await orchestrationWorker.compose(clients)
    const activities = Object.entries(parts.activities as Record<string, Activity>)
    return {
      ...parts,
      activities: Object.fromEntries(activities.map(([name, activity]) => [name, deadly(name, activity)])),
    }
  },
})
