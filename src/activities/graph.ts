import type { GraphActivities } from '../contracts/activities/graph.ts'
import type { openGraphSteps } from '../services/graph/module.ts'
import { asActivities } from './failures.ts'

/** Lets in those who asked to follow an account that is open now. */
export function createGraphActivities({
  approveWaiting,
}: ReturnType<typeof openGraphSteps>): GraphActivities {
  return asActivities<GraphActivities>({
    approveWaiting: ({ userId }) => approveWaiting(userId),
  })
}
