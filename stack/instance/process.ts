import { spawn } from 'node:child_process'
import { mkdirSync, openSync, closeSync, readFileSync, readdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asUnprivileged } from './unprivileged.ts'

/** A process; its start time (clock ticks since boot) distinguishes it from a later one with the same id. */
export interface ProcessId {
  pid: number
  startTicks: number
}

/** How a server is started. */
export interface Command {
  file: string
  args: string[]
  cwd?: string
  env?: Record<string, string>
  /** The account to run as when this process is root: `nobody` for servers, the same for the app. */
  account: 'nobody' | 'same'
}

const maxLogBytes = 20 * 1024 * 1024
const pollMs = 20
/** A killed process is gone once the kernel has freed its memory. */
const killGraceMs = 5_000

/**
 * Starts a server in a session of its own, so that a Ctrl-C in the terminal does not reach it before its owner.
 * @param dieWithParentSignal the kernel sends it when this process ends, even by kill -9; undefined to outlive it
 */
export async function startProcess(
  command: Command,
  logFile: string,
  dieWithParentSignal: 'TERM' | 'INT' | 'KILL' | undefined,
): Promise<ProcessId> {
  mkdirSync(dirname(logFile), { recursive: true })
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes)
    renameSync(logFile, `${logFile}.1`)
  // setpriv comes last: entering a user namespace clears the parent-death signal.
  const bound = dieWithParentSignal
    ? ['setpriv', `--pdeathsig=${dieWithParentSignal}`, '--', command.file, ...command.args]
    : [command.file, ...command.args]
  const [file, ...args] = (command.account === 'nobody' ? asUnprivileged(bound) : bound) as [
    string,
    ...string[],
  ]
  const log = openSync(logFile, 'a', 0o600)
  try {
    const child = spawn(file, args, {
      cwd: command.cwd ?? dirname(logFile),
      // A home of its own: that of `nobody` does not exist, and under a user namespace it would be made.
      env: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', HOME: dirname(logFile), ...command.env },
      stdio: ['ignore', log, log],
      detached: true,
    })
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    child.unref()
    return identify(child.pid as number) ?? { pid: child.pid as number, startTicks: -1 }
  } finally {
    closeSync(log)
  }
}

/** The identity of a running process, undefined if there is none (a zombie counts as none). */
export function identify(pid: number): ProcessId | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command name may hold spaces and parentheses; the fields after it start behind the last ')'.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return { pid, startTicks: Number(fields[19]) }
  } catch {
    return undefined
  }
}

/** Whether exactly this process is still running. */
export function isAlive(process: ProcessId): boolean {
  return identify(process.pid)?.startTicks === process.startTicks
}

/** Asks a process to stop, waits up to `graceMs`, then kills it and whatever it started. Returns when all of it is gone. */
export async function stopProcess(target: ProcessId, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (isAlive(target)) {
    send(target.pid, signal)
    await until(() => !isAlive(target), graceMs)
  }
  // A session keeps its number as long as it has members, so a process with that id is either its leader or a stranger.
  const leader = identify(target.pid)
  if (leader && !isAlive(target)) return
  // Children of a server that died by itself (nginx workers, Postgres backends) are still in its session.
  await until(() => {
    const members = sessionMembers(target.pid)
    for (const member of members) send(member, 'SIGKILL')
    return members.length === 0
  }, killGraceMs)
}

/** Processes, zombies aside, of the session that `leader` started. */
export function sessionMembers(leader: number): number[] {
  return runningPids().filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields[0] !== 'Z' && fields[0] !== 'X' && Number(fields[3]) === leader
    } catch {
      return false
    }
  })
}

/** Processes whose command line or environment contains `text`; those of other users are invisible. */
export function processesMentioning(text: string): number[] {
  return runningPids().filter((pid) => {
    if (pid === process.pid || !identify(pid)) return false
    return ['cmdline', 'environ'].some((file) => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(text)
      } catch {
        return false
      }
    })
  })
}

function runningPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // already gone
  }
}

async function until(condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!condition() && Date.now() < deadline) await sleep(pollMs)
}
