import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

export interface CommandRun {
  child: ChildProcess
  /** `code` is null if a signal killed it. */
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>
}

/** `darkroom` as people run it, without a terminal, and with no other environment than the given one. */
export function runDarkroom(args: readonly string[], env: NodeJS.ProcessEnv = {}): CommandRun {
  const child = spawn(process.execPath, ['src/cli/darkroom.ts', ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }))
  return { child, ended }
}

/** @param user one whose password is that of `ApiClient.signUp` */
export function runUpload(
  folder: string,
  { server, ...account }: { server: string } & ({ user: string } | { token: string }),
  ...options: string[]
): CommandRun {
  const args = ['upload', folder, '--server', server]
  return 'token' in account
    ? runDarkroom([...args, ...options], { DARKROOM_TOKEN: account.token })
    : runDarkroom([...args, '--user', account.user, ...options], {
        DARKROOM_PASSWORD: `password of ${account.user}`,
      })
}
