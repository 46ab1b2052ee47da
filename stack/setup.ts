import { join } from 'node:path'
import { run } from './install/run.ts'
import type { Instance } from './instance.ts'
import { checkoutDir } from './instance/layout.ts'

/** Runs `darkroom setup`: migrations, bucket, search index, Temporal's search attributes and schedules. Safe to repeat. */
export async function runSetup(instance: Pick<Instance, 'env'>): Promise<void> {
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...instance.env }
  await run(process.execPath, [join(checkoutDir, 'src', 'cli', 'darkroom.ts'), 'setup'], {
    cwd: checkoutDir,
    env,
  })
}
