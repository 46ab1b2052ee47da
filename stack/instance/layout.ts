import { join, resolve } from 'node:path'

/** The checkout. */
export const checkoutDir = join(import.meta.dirname, '..', '..')

/** The files of an instance: everything it owns is under `dir`. */
export interface Layout {
  name: string
  dir: string
  settings: string
  secrets: string
  env: string
  data: string
  logs: string
  run: string
}

/** The instance that a command works on unless told otherwise. */
export function defaultInstance(env: NodeJS.ProcessEnv = process.env): string {
  return env.DARKROOM_INSTANCE || 'demo'
}

/** The data folder of the instance `name`: under `DARKROOM_DATA_DIR`, or `.darkroom` in the checkout. */
export function instanceDir(name: string, env: NodeJS.ProcessEnv = process.env): string {
  if (!/^[a-z0-9][a-z0-9_-]{0,40}$/.test(name)) throw new Error(`not a name for an instance: ${name}`)
  return join(resolve(env.DARKROOM_DATA_DIR || join(checkoutDir, '.darkroom')), name)
}

export function layoutOf(dir: string): Layout {
  const root = resolve(dir)
  return {
    name: root.slice(root.lastIndexOf('/') + 1),
    dir: root,
    settings: join(root, 'instance.json'),
    secrets: join(root, 'secrets.json'),
    env: join(root, 'env'),
    data: join(root, 'data'),
    logs: join(root, 'logs'),
    run: join(root, 'run'),
  }
}
