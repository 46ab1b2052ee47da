import type { StackPaths } from '../install/paths.ts'
import type { Layout } from '../instance/layout.ts'
import type { Ports } from '../instance/ports.ts'
import type { Command } from '../instance/process.ts'
import type { Secrets } from '../instance/secrets.ts'

export const serverNames = [
  'postgres',
  'postgres-replica',
  'valkey',
  'seaweedfs',
  'opensearch',
  'temporal',
  'edge',
] as const

export type ServerName = (typeof serverNames)[number]

/** What a server needs to start. */
export interface ServerContext {
  layout: Layout
  ports: Ports
  secrets: Secrets
  stack: StackPaths
  /** The app's settings for this instance; from them the edge learns where its origin is. */
  env: Record<string, string>
  /** False for throw-away instances: they need not survive a power cut, so nothing waits for the disk. */
  durable: boolean
  /** One line for the person watching. */
  report: (line: string) => void
}

/** One embedded server. Every step may run again on what an earlier, interrupted start left behind. */
export interface Server {
  name: ServerName
  /** Servers that must be ready before this one starts. */
  needs: ServerName[]
  /** Ports that must be free for it. */
  ports: (keyof Ports)[]
  /** Creates or repairs the data folder and writes the configuration. */
  prepare(context: ServerContext): Promise<void>
  command(context: ServerContext): Command
  /** Resolves once the server answers; rejects while it does not. Polled. */
  probe(context: ServerContext): Promise<void>
  /** Runs after the first answer: accounts, buckets, slots. */
  settle?(context: ServerContext): Promise<void>
  /** Called when it ran but did not become ready: repairs the data folder and says whether to try once more. */
  mend?(context: ServerContext): Promise<boolean>
  /** Removes what it leaves outside its data folder. Runs after each stop. */
  cleanUp?(context: { ports: Ports }): void
  readyTimeoutMs: number
  stopSignal: NodeJS.Signals
  stopGraceMs: number
  /** The signal that the kernel sends it when its owner dies. */
  orphanSignal: 'TERM' | 'INT' | 'KILL'
}
