import { ApplicationFailure, isCancellation, patched, setCurrentDetails } from '@temporalio/workflow'
import { SWEEPS_FAILED, type HousekeepingResult } from '../../contracts/housekeeping.ts'
import { chainOfV01 } from './chain-of-v01.ts'
import { steps } from './steps.ts'

/** Since v0.2 an activity lists the sweeps, and they no longer wait for one another (docs/adr/0013). */
const SWEEPS_FROM_ACTIVITY = 'sweeps-from-activity'

/**
 * Runs every sweep at the same time, so that one that fails or takes long does not hold up the others.
 * @throws ApplicationFailure SweepsFailed once all have ended, if any failed
 */
export async function housekeeping(): Promise<HousekeepingResult> {
  if (!patched(SWEEPS_FROM_ACTIVITY)) return chainOfV01()
  const sweeps = await steps.listSweeps()
  const done: Record<string, number> = {}
  const failed: string[] = []
  await Promise.all(
    sweeps.map(async ({ name, summary }) => {
      try {
        done[name] = await steps.runSweep(summary)({ name })
      } catch (error) {
        if (isCancellation(error)) throw error
        failed.push(name)
      } finally {
        setCurrentDetails(describe(done, failed))
      }
    }),
  )
  if (failed.length === 0) return done
  throw ApplicationFailure.create({
    message: `failed: ${failed.join(', ')}`,
    type: SWEEPS_FAILED,
    nonRetryable: true,
    details: [{ done, failed }],
  })
}

function describe(done: HousekeepingResult, failed: readonly string[]): string {
  const rows = [
    ...Object.entries(done).map(([name, count]) => `| ${name} | ${count} |`),
    ...failed.map((name) => `| ${name} | failed |`),
  ]
  return ['| sweep | objects, rows or workflows |', '|---|---|', ...rows].join('\n')
}
