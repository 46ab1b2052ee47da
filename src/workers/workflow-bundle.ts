import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { lock } from 'proper-lockfile'

const root = join(import.meta.dirname, '..', '..')
const sources = join(root, 'src')
/** The folders that may be in the bundle (the layer rules check that workflows import no others). */
const BUNDLED = ['workflows', 'contracts', 'domain']
const LOCK_STALE_MS = 30_000
const LOCK_RETRIES = { retries: 120, factor: 1, minTimeout: 500 }

/** The bundle, and beside it the hash of what it was built from. */
const workflowBundlePath = join(root, 'build', 'workflow-bundle.js')
const hashPath = join(root, 'build', 'workflow-bundle.sha256')

/**
 * Like {@link ensureWorkflowBundle}, but builds in a separate process, because a worker would never free the 130 MB of
 * webpack.
 * @returns the path of the bundle
 */
export async function freshWorkflowBundle(): Promise<string> {
  if (!(await isFresh())) {
    await promisify(execFile)(process.execPath, [join(sources, 'cli', 'build-workflows.ts')])
  }
  return workflowBundlePath
}

/**
 * The prebuilt workflow bundle, rebuilt if it is missing or older than its sources. Processes that start together build
 * it once.
 * @returns its path
 */
export async function ensureWorkflowBundle(): Promise<string> {
  if (await isFresh()) return workflowBundlePath
  await mkdir(join(root, 'build'), { recursive: true })
  const release = await lock(join(root, 'build'), {
    lockfilePath: join(root, 'build', 'workflow-bundle.lock'),
    stale: LOCK_STALE_MS,
    retries: LOCK_RETRIES,
  })
  try {
    if (!(await isFresh())) await buildWorkflowBundle()
  } finally {
    await release()
  }
  return workflowBundlePath
}

async function buildWorkflowBundle(): Promise<void> {
  const hash = await hashSources()
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(sources, 'workflows', 'index.ts'),
    logger: new DefaultLogger('WARN'),
  })
  // Renamed into place, so that nobody reads half a bundle; the hash last, so that it never vouches for an older one.
  await writeFile(`${workflowBundlePath}.new`, code)
  await rename(`${workflowBundlePath}.new`, workflowBundlePath)
  await writeFile(`${hashPath}.new`, hash)
  await rename(`${hashPath}.new`, hashPath)
}

/** Whether the bundle exists and was built from the current sources; without sources it is used as it is. */
async function isFresh(): Promise<boolean> {
  if (!existsSync(workflowBundlePath)) return false
  if (!existsSync(join(sources, 'workflows'))) return true
  const built = await readFile(hashPath, 'utf8').catch(() => undefined)
  return built === (await hashSources())
}

async function hashSources(): Promise<string> {
  const hash = createHash('sha256')
  const { version } = createRequire(import.meta.url)('@temporalio/workflow/package.json') as {
    version: string
  }
  hash.update(version)
  for (const folder of BUNDLED) {
    const entries = await readdir(join(sources, folder), { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
    for (const file of files) hash.update(`\0${relative(sources, file)}\0`).update(await readFile(file))
  }
  return hash.digest('hex')
}
