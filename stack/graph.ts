import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import type { ICruiseResult } from 'dependency-cruiser'
import { checkoutDir } from './instance/layout.ts'
import { arrowsBetween, drawGraph, type Import } from './graph/arrows.ts'

const file = join(checkoutDir, 'docs', 'modules.md')
const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

const drawn = describe(await findImports())
if (!options.check) {
  writeFileSync(file, drawn)
} else if (!existsSync(file) || readFileSync(file, 'utf8') !== drawn) {
  console.error('docs/modules.md is out of date: npm run graph')
  process.exitCode = 1
}

/** Every import within src/, tests aside, as the tool that checks the order of the modules sees it. */
async function findImports(): Promise<Import[]> {
  const depcruise = join(checkoutDir, 'node_modules', '.bin', 'depcruise')
  const args = ['src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json']
  const { stdout } = await promisify(execFile)(process.execPath, [depcruise, ...args], {
    cwd: checkoutDir,
    maxBuffer: 256 * 1024 * 1024,
  })
  const { modules } = JSON.parse(stdout) as ICruiseResult
  return modules
    .filter(({ source }) => !/\.(test|table)\.ts$/.test(source))
    .flatMap(({ source, dependencies }) =>
      dependencies.map(({ resolved, dependencyTypes }) => ({
        from: source,
        to: resolved,
        typeOnly: dependencyTypes.includes('type-only'),
      })),
    )
}

function describe(imports: Import[]): string {
  const modules = arrowsBetween(imports, /^src\/services\/([^/]+)\//)
  const roots = /^src\/(api\/server\.ts|workers\/|cli\/)/
  const atRuntime = imports.filter(({ from, typeOnly }) => !typeOnly && !roots.test(from))
  const layers = arrowsBetween(atRuntime, /^src\/([^/]+)\//)
  return `# Modules and layers

Drawn by \`npm run graph\` from the imports that dependency-cruiser finds; \`npm run lint\` fails when it is out of date. The same
tool checks the order ([.dependency-cruiser.cjs](../.dependency-cruiser.cjs)); [architecture.md](architecture.md) explains it. An arrow
means "imports".

## Modules of \`src/services\`

${drawGraph(modules)}

## Layers

Without the composition roots (\`src/api/server.ts\`, \`src/workers\`, \`src/cli\`), which import everything, and without imports of
types alone.

${drawGraph(layers)}
`
}
