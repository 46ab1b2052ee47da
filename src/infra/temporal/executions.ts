import type { Client } from '@temporalio/client'
import { ownerAttribute } from '../../contracts/search-attributes.ts'
import type { UserId } from '../../domain/ids.ts'

/** The workflow executions that carry an account's number, which Temporal would forget only with its retention. */
export interface OwnedExecutions {
  /** How many are listed, as what was deleted is for some seconds more. */
  count(ownerId: UserId): Promise<number>
  /** Deletes a bounded number of them, those that still run too. */
  remove(ownerId: UserId): Promise<void>
}

const BATCH_EXECUTIONS = 100

/** @param keptTypes workflows that go on: what they decide outlives the account */
export function createOwnedExecutions(client: Client, keptTypes: readonly string[]): OwnedExecutions {
  const others = keptTypes.map((type) => ` AND WorkflowType != '${type}'`).join('')
  const queryOf = (ownerId: UserId) => `${ownerAttribute.name} = '${ownerId}'${others}`

  return {
    count: async (ownerId) => (await client.workflow.count(queryOf(ownerId))).count,

    async remove(ownerId) {
      let listed = 0
      for await (const { workflowId, runId } of client.workflow.list({
        query: queryOf(ownerId),
        pageSize: BATCH_EXECUTIONS,
      })) {
        // One that runs is ended by its deletion. Terminated before, it would be listed for half a minute more.
        await unlessGone(() =>
          client.connection.workflowService.deleteWorkflowExecution({
            namespace: client.options.namespace,
            workflowExecution: { workflowId, runId },
          }),
        )
        if (++listed === BATCH_EXECUTIONS) break
      }
    },
  }
}

/** gRPC's code for what is not there. */
const NOT_FOUND = 5

async function unlessGone(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const isGone =
      error instanceof Error &&
      (error.name === 'WorkflowNotFoundError' || (error as { code?: unknown }).code === NOT_FOUND)
    if (!isGone) throw error
  }
}
