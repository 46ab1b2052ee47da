import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What the settings ask of the sandbox: the best that works here; one that keeps network and files away; limits alone. */
export type SandboxMode = 'auto' | 'required' | 'off'

/**
 * The ways to start a child, strictest first.
 *
 * - `namespaces`: bubblewrap; no network, no processes but its own, and of the files only programs and its folder, read-only
 * - `unprivileged`: of root; no network, and a user of its own who may write nowhere
 * - `limits`: no new rights, limits of memory, processor time and files; it may read what the worker may read
 * - `plain`: none of it, on machines without util-linux
 */
const SANDBOXES = ['namespaces', 'unprivileged', 'limits', 'plain'] as const
export type Sandbox = (typeof SANDBOXES)[number]

/** Those that a mode accepts, in the order in which they are tried. */
export const ACCEPTED: Record<SandboxMode, readonly Sandbox[]> = {
  auto: SANDBOXES,
  required: ['namespaces', 'unprivileged'],
  off: ['limits', 'plain'],
}

export interface Limits {
  addressSpaceBytes: number
  /** Default: NICENESS. */
  niceness?: number | undefined
  /** Over the whole life of a child; what a single image may take is watched from outside. */
  cpuSeconds: number
}

export interface Command {
  file: string
  args: string[]
}

const MAX_OPEN_FILES = 64
/**
 * A decode yields to whoever answers a request: of a core that both want, the API gets nine tenths. While nobody wants it, a decode
 * takes no longer. `nice` is of POSIX. Where Linux groups processes by session, it counts within the session alone.
 */
const NICENESS = 10
/** Each child of root has a user id of its own from here on, without a name, so that children cannot reach each other's files. */
const FIRST_UID = 64_100
/** src/ or dist/, and what lies beside it. */
const codeFolder = join(import.meta.dirname, '..', '..')
const packageFolder = dirname(codeFolder)

/** The user that a child runs as, if not that of the worker. */
export function sandboxUid(sandbox: Sandbox, slot: number): number | undefined {
  return sandbox === 'unprivileged' ? FIRST_UID + slot : undefined
}

/**
 * The command that starts `script` under Node in a sandbox, at a low priority. Each program in it replaces itself by the next, so that signals and
 * the pipe reach the child.
 * @param folder the only folder of the child's own; it is read there under the same path
 */
export function sandboxed(
  sandbox: Sandbox,
  script: string,
  { slot, folder, limits }: { slot: number; folder: string; limits: Limits },
): Command {
  // One thread of V8 and two of libuv: each reserves address space, which is limited.
  const node = [process.execPath, '--v8-pool-size=1', script]
  const limited = [
    'prlimit',
    `--as=${limits.addressSpaceBytes}`,
    `--cpu=${limits.cpuSeconds}`,
    `--nofile=${MAX_OPEN_FILES}`,
    '--core=0',
    // No file can be written, wherever it may lie.
    '--fsize=0',
    '--',
  ]
  const restrained = ['--no-new-privs', '--pdeathsig=KILL', '--']
  switch (sandbox) {
    case 'namespaces':
      return toCommand([...limited, 'bwrap', ...bubblewrap(folder), '--', ...node], limits)
    case 'unprivileged': {
      const uid = sandboxUid(sandbox, slot)
      const user = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--bounding-set=-all']
      const outside = ['unshare', '--net', '--ipc', '--']
      return toCommand([...outside, ...limited, 'setpriv', ...user, ...restrained, ...node], limits)
    }
    case 'limits':
      return toCommand([...limited, 'setpriv', ...restrained, ...node], limits)
    case 'plain':
      return toCommand(node, limits)
  }
}

function bubblewrap(folder: string): string[] {
  const seen = [
    ...['/usr', '/bin', '/lib', '/lib64', '/etc/ld.so.cache', '/etc/alternatives', process.execPath],
    ...[codeFolder, join(packageFolder, 'package.json'), join(packageFolder, 'node_modules'), folder],
  ].filter((path) => existsSync(path))
  return [
    ...['--unshare-all', '--die-with-parent', '--cap-drop', 'ALL', '--chdir', '/'],
    ...['--dev', '/dev', '--proc', '/proc'],
    ...seen.flatMap((path) => ['--ro-bind', realpathSync(path), path]),
  ]
}

const toCommand = (args: string[], { niceness = NICENESS }: Limits): Command => ({
  file: 'nice',
  args: ['-n', String(niceness), ...args],
})

/** All that a child finds in its environment: fewer threads and heaps, as each reserves address space. */
export const CHILD_ENVIRONMENT = { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '2' }
