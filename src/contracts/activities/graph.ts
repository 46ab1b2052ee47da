import type { UserId } from '../../domain/ids.ts'

/** The step of accountSync in the graph. */
export interface GraphActivities {
  /** Approves the next requests that an open account has received. Resolves with how many; 0 once none is left. */
  approveWaiting: (input: { userId: UserId }) => Promise<number>
}
