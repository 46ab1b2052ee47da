import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstall, pipInstall } from './install.ts'
import { run } from './run.ts'

const requirementsFile = join(import.meta.dirname, '..', 'test-requirements.txt')

/**
 * Installs the Python tools that tests run into the cache, beside the servers, unless they are there.
 * @returns the folder for PYTHONPATH
 */
export async function ensureTestTools(report: (line: string) => void): Promise<string> {
  // Their compiled parts fit only the Python that they were installed by.
  const python = await run('python3', ['-c', 'import sys; print(sys.implementation.cache_tag)'])
  const hash = createHash('sha256').update(`${process.arch} ${python}`).update(readFileSync(requirementsFile))
  const key = `test-tools-${hash.digest('hex').slice(0, 16)}`
  return ensureInstall(
    'test tools',
    key,
    async (cache, temporary) => {
      report(`installing the test tools into ${cache} (once; about 20 MB to download)`)
      await pipInstall(requirementsFile, temporary)
      // Shows that they load. On machines whose Python adds certificates of its own to certifi, it has done so by now.
      await run('python3', ['-c', 'import certifi, schemathesis.cli'], {
        env: { ...process.env, PYTHONPATH: temporary },
      })
    },
    report,
  )
}
