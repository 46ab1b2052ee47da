import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, totalmem, type } from 'node:os'

/** Enough to judge a figure by, but nothing that identifies the machine. */
export interface Machine {
  cores: number
  memoryGiB: number
  os: string
  node: string
}

export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: operatingSystem(),
    node: process.version,
  }
}

function operatingSystem(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? type()
  } catch {
    return type()
  }
}

/** Linux counts processor time for user space in hundredths of a second on every architecture. */
const ticksPerSecond = 100

/**
 * Starts counting processor time: of this process, of children that ended meanwhile, and of the servers given by pid.
 *
 * @returns a function that gives the CPU-seconds used since
 */
export function startCpuMeter(serverPids: readonly number[] = []): () => number {
  const start = cpuSeconds(serverPids)
  return () => cpuSeconds(serverPids) - start
}

function cpuSeconds(serverPids: readonly number[]): number {
  const { user, system } = process.cpuUsage()
  const [, , childUser, childSystem] = processTimes('self')
  const servers = serverPids.map((pid) => processTimes(pid)).reduce((sum, [u, s]) => sum + u + s, 0)
  return (user + system) / 1e6 + (childUser + childSystem + servers) / ticksPerSecond
}

/**
 * Starts counting processor time of this process and of everything it started, directly or not: servers, workers and
 * load generator together.
 *
 * @returns a function that gives the CPU-seconds used since
 */
export function startTreeCpuMeter(): () => number {
  const start = treeCpuSeconds()
  return () => treeCpuSeconds() - start
}

function treeCpuSeconds(): number {
  const childrenOf = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(name)])
    } catch {
      // It has ended; its time now counts for its parent.
    }
  }
  const secondsOf = (pid: number): number =>
    (childrenOf.get(pid) ?? []).reduce((sum, child) => sum + secondsOf(child), ownSeconds(pid))
  return secondsOf(process.pid)
}

function ownSeconds(pid: number): number {
  try {
    return processTimes(pid).reduce((sum, ticks) => sum + ticks, 0) / ticksPerSecond
  } catch {
    return 0
  }
}

/** Fields utime, stime, cutime, cstime of proc(5); the name before them may hold spaces and brackets. */
function processTimes(pid: number | 'self'): [number, number, number, number] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return [Number(fields[11]), Number(fields[12]), Number(fields[13]), Number(fields[14])]
}
