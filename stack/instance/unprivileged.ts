import { execFileSync, spawnSync } from 'node:child_process'

/** Debian's `nobody`; initdb wants a user id that has a name. */
const nobodyUid = 65_534
const nobodyGid = 65_534

let way: 'plain' | 'namespace' | 'setpriv' | undefined

/**
 * Wraps a command so that it does not run as root, which Postgres and OpenSearch refuse. For root, a user namespace
 * maps root to `nobody`: no file changes its owner, and folders that only root may enter remain usable.
 */
export function asUnprivileged(command: string[]): string[] {
  switch (unprivilegedWay()) {
    case 'plain':
      return command
    case 'namespace':
      return ['unshare', '--user', `--map-user=${nobodyUid}`, `--map-group=${nobodyGid}`, '--', ...command]
    case 'setpriv':
      return ['setpriv', `--reuid=${nobodyUid}`, `--regid=${nobodyGid}`, '--clear-groups', '--', ...command]
  }
}

/** Hands a data folder to the user that servers run as, where user namespaces are not available. */
export function ownByServers(folder: string): void {
  if (unprivilegedWay() !== 'setpriv') return
  execFileSync('chown', ['-R', `${nobodyUid}:${nobodyGid}`, folder])
}

/** Fails with advice when root can neither use a user namespace nor let `nobody` enter the needed folders. */
export function assertUsableByServers(folders: string[]): void {
  if (unprivilegedWay() !== 'setpriv') return
  for (const folder of folders) {
    if (spawnSync('setpriv', [...asUnprivileged(['test', '-x', folder]).slice(1)]).status === 0) continue
    throw new Error(
      `Postgres and OpenSearch do not run as root, user namespaces are not allowed here, and the user nobody cannot enter ${folder}. ` +
        'Run as an ordinary user, or set DARKROOM_STACK_DIR and DARKROOM_DATA_DIR to folders that everyone may enter (such as /var/tmp/darkroom).',
    )
  }
}

function unprivilegedWay(): 'plain' | 'namespace' | 'setpriv' {
  if (way) return way
  if (process.getuid?.() !== 0) return (way = 'plain')
  const probe = spawnSync('unshare', [
    '--user',
    `--map-user=${nobodyUid}`,
    `--map-group=${nobodyGid}`,
    '--',
    'true',
  ])
  return (way = probe.status === 0 ? 'namespace' : 'setpriv')
}
