import { createVitest, parseCLI } from 'vitest/node'

/** What the selected tests need before they can run. */
export type Needs = 'nothing' | 'programs' | 'servers'

/** By project of vitest.config.ts. */
const NEEDS: Record<string, Needs> = { unit: 'nothing', workflows: 'programs', servers: 'servers' }

/**
 * Asks the test runner which files its arguments select. Tests of the project `workflows` start Temporal servers by
 * themselves, so the installed programs are enough for them.
 */
export async function needsOf(args: string[]): Promise<Needs> {
  const { filter, options } = parseCLI(['vitest', 'run', ...args])
  const vitest = await createVitest({ ...options, watch: false, run: true })
  try {
    const files = await vitest.globTestSpecifications(filter)
    const needs = new Set(files.map(({ project }) => NEEDS[project.name] ?? 'servers'))
    return needs.has('servers') ? 'servers' : needs.has('programs') ? 'programs' : 'nothing'
  } finally {
    await vitest.close()
  }
}
