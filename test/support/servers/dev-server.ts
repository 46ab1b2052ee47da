import { TestWorkflowEnvironment } from '@temporalio/testing'
import { SEARCH_ATTRIBUTES } from '../../../src/contracts/search-attributes.ts'
import './quiet-runtime.ts'

/**
 * The real server, in real time, for what the time-skipping one cannot do. Histories are long for it, and so continue as new,
 * from `longHistoryEvents` on (by default the server's own limit).
 */
export async function openDevServer(longHistoryEvents = 4_096): Promise<TestWorkflowEnvironment> {
  const path = process.env.TEMPORAL_CLI_PATH
  if (!path) throw new Error('TEMPORAL_CLI_PATH is not set: run the tests with `npm test`')
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      searchAttributes: SEARCH_ATTRIBUTES,
      extraArgs: ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${longHistoryEvents}`],
    },
  })
}
