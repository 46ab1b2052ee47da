// Entry of the npm scripts, in plain Node without packages, as nothing may be installed yet. It checks the machine for what the
// servers need, installs the npm packages if necessary, and hands over to TypeScript under the pinned Node.
import { join } from 'node:path'
import { findProblems } from './bootstrap/checks.mjs'
import { helpFor } from './bootstrap/help.mjs'
import { ensurePackages } from './bootstrap/packages.mjs'
import { handOver } from './bootstrap/run.mjs'

const checkout = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const entries = {
  bench: 'bench/run.ts',
  demo: 'stack/demo.ts',
  'demo:celebrity': 'stack/demo-celebrity.ts',
  dev: 'stack/dev.ts',
  start: 'stack/start.ts',
  stack: 'stack/cli.ts',
  test: 'stack/test.ts',
}
/** These start no server, so they need only Node and npm. */
const serverless = {
  bundle: 'src/cli/build-workflows.ts',
  corpus: 'test/support/corpus/run.ts',
  darkroom: 'stack/darkroom.ts',
  graph: 'stack/graph.ts',
  packages: undefined,
  'replay:record': 'test/replay/record.ts',
}

const [command, ...args] = process.argv.slice(2)
const isServerless = Object.hasOwn(serverless, command ?? '')
const help = helpFor(command, args)

if (help) {
  console.log(help)
} else if (!isServerless && !entries[command]) {
  console.error(`Unknown command: ${command}\n\n${helpFor(undefined, [])}`)
  process.exitCode = 2
} else {
  const problems = isServerless ? [] : findProblems(checkout)
  if (problems.length > 0) {
    console.error(
      `Darkroom cannot start on this machine yet:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    )
    process.exitCode = 1
  } else {
    try {
      await ensurePackages(checkout)
      const entry = isServerless ? serverless[command] : entries[command]
      if (entry) await handOver(checkout, entry, args)
    } catch (error) {
      console.error(error.message)
      process.exitCode = 1
    }
  }
}
