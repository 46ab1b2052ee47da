import { Command } from 'commander'
import { controlFanout, type FanoutOptions } from './fanout.ts'
import { migrate } from './migrate.ts'
import { setUp } from './setup.ts'
import { messageOf } from '../observability/error-text.ts'

const program = new Command('darkroom')
  .description(
    'Sets Darkroom up and operates it. Settings come from the environment (.env.example lists them).',
  )
  .showHelpAfterError()

program
  .command('setup')
  .description('migrates the database and prepares the search index and Temporal; safe to repeat')
  .addHelpText(
    'after',
    `
Does whatever is not done yet, in this order:
  database   applies migrations to DATABASE_URL
  search     creates the index behind its alias at OPENSEARCH_URL
  temporal   registers namespace TEMPORAL_NAMESPACE, search attributes and schedules at TEMPORAL_ADDRESS`,
  )
  .action(() => run(setUp))

program
  .command('migrate')
  .description('applies migrations to DATABASE_URL; safe to repeat')
  .action(() => run(migrate))

program
  .command('fanout')
  .argument('<photoId>', 'the id of the photo')
  .description('watches, pauses, resumes or cancels the distribution of a photo to feeds')
  .option('--pause', 'pause after the current slices; readers keep merging the photo')
  .option('--resume', 'continue where it was paused, and watch')
  .option('--cancel', 'stop it where it is; readers merge the photo until it is pushed again')
  .action((photoId: string, options: FanoutOptions) => run(() => controlFanout(photoId, options)))

await program.parseAsync()

/** Prints a line for each thing done; an error is one line too, with exit code 1. */
async function run(work: (progress: (line: string) => void) => Promise<void>): Promise<void> {
  try {
    await work((line) => process.stdout.write(`${line}\n`))
  } catch (error) {
    process.stderr.write(`darkroom: ${messageOf(error)}\n`)
    process.exitCode = 1
  }
}
