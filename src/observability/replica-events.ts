import { Gauge } from 'prom-client'

/**
 * The source: `rotation` is what each API process found in its own checks, `keeper` what the replica
 * keeper decided for all of them. The label also keeps processes that have no replica from reporting a zero.
 */
type SaidBy = 'rotation' | 'keeper'

const lag = new Gauge({
  name: 'darkroom_replica_lag_seconds',
  help: 'How far the replica is behind the primary; grows while it does not answer',
  labelNames: ['by'] as const,
})

const serving = new Gauge({
  name: 'darkroom_replica_serving',
  help: '1 while reads go to the replica, 0 while they go to the primary',
  labelNames: ['by'] as const,
})

/** @param seconds how far it is behind; 0 when it has replayed all that the primary had written */
export function reportReplicaLag(by: SaidBy, seconds: number): void {
  lag.set({ by }, seconds)
}

/** Whether reads go to the replica now. */
export function reportReplicaServing(by: SaidBy, isServing: boolean): void {
  serving.set({ by }, isServing ? 1 : 0)
}

/** A process that no longer knows reports nothing, as its last value would stay forever. */
export function forgetReplica(by: SaidBy): void {
  lag.remove({ by })
  serving.remove({ by })
}
