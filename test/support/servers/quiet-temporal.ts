import type { Client } from '@temporalio/client'
import { SEARCH_DRIFT_SCHEDULE_ID } from '../../../src/contracts/search-drift.ts'
import { setUpTemporal } from '../../../src/infra/temporal/setup.ts'

/**
 * Sets Temporal up, with the schedule at rest that looks after the search index: test files share one and have databases of their own, so
 * that each would take the documents of others for leftovers.
 */
export async function setUpQuietTemporal(client: Client): Promise<void> {
  await setUpTemporal(client)
  await client.schedule.getHandle(SEARCH_DRIFT_SCHEDULE_ID).pause('tests share the index')
}
