import { Command } from 'commander'
import { migrate } from './migrate.ts'
import { setUp } from './setup.ts'

const program = new Command('darkroom')
  .description('Sets Darkroom up. Settings come from the environment (.env.example lists them).')
  .showHelpAfterError()

program
  .command('setup')
  .description('migrates the database and prepares the search index and Temporal; safe to repeat')
  .addHelpText(
    'after',
    `
Does, in this order, whatever is not done yet:
  database   applies migrations to DATABASE_URL
  search     creates the index behind its alias at OPENSEARCH_URL
  temporal   registers namespace TEMPORAL_NAMESPACE, search attributes and schedules at TEMPORAL_ADDRESS`,
  )
  .action(() => run(setUp))

program
  .command('migrate')
  .description('applies migrations to DATABASE_URL; safe to repeat')
  .action(() => run(migrate))

await program.parseAsync()

/** One line for each thing done; an error is one line too, and the exit code 1. */
async function run(work: (progress: (line: string) => void) => Promise<void>): Promise<void> {
  try {
    await work((line) => process.stdout.write(`${line}\n`))
  } catch (error) {
    process.stderr.write(`darkroom: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
