import type { Client } from '@temporalio/client'
import { ownerAttribute } from '../../contracts/search-attributes.ts'
import type { UserId } from '../../domain/ids.ts'

/** The workflow executions that carry an account's number, which Temporal would forget only with its retention. */
export interface OwnedExecutions {
  /**
   * Ends those that still run and deletes those that are closed, a bounded number of them.
   * @returns how many were listed, as what was deleted is for some seconds more, and how many of them this call deleted
   */
  remove(ownerId: UserId): Promise<{ listed: number; deleted: number }>
}

const BATCH_EXECUTIONS = 100

/** @param keptTypes workflows that go on: what they decide outlives the account */
export function createOwnedExecutions(client: Client, keptTypes: readonly string[]): OwnedExecutions {
  const others = keptTypes.map((type) => ` AND WorkflowType != '${type}'`).join('')
  const queryOf = (ownerId: UserId) => `${ownerAttribute.name} = '${ownerId}'${others}`

  return {
    async remove(ownerId) {
      let listed = 0
      let deleted = 0
      for await (const { workflowId, runId, status } of client.workflow.list({
        query: queryOf(ownerId),
        pageSize: BATCH_EXECUTIONS,
      })) {
        const execution = { workflowId, runId }
        const isDeleted = await unlessGone(async () => {
          if (status.name === 'RUNNING')
            await client.workflow.getHandle(workflowId, runId).terminate('The account is erased')
          await client.connection.workflowService.deleteWorkflowExecution({
            namespace: client.options.namespace,
            workflowExecution: execution,
          })
        })
        if (isDeleted) deleted++
        if (++listed === BATCH_EXECUTIONS) break
      }
      return { listed, deleted }
    },
  }
}

/** gRPC's code for what is not there. */
const NOT_FOUND = 5

async function unlessGone(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    const isGone =
      error instanceof Error &&
      (error.name === 'WorkflowNotFoundError' || (error as { code?: unknown }).code === NOT_FOUND)
    if (!isGone) throw error
    return false
  }
}
