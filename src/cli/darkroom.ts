import { Command } from 'commander'
import { controlFanout, type FanoutOptions } from './fanout.ts'
import { migrate } from './migrate.ts'
import { setUp } from './setup.ts'

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

program
  .command('fanout')
  .argument('<photoId>', 'the photo whose push or collection it is')
  .description('watches the distribution of a photo to feeds, or holds, resumes or cancels it')
  .option('--pause', 'hold after the slices under way; readers go on merging the photo')
  .option('--resume', 'go on where it was held, and watch')
  .option('--cancel', 'end it where it is; readers merge the photo until it is pushed again')
  .action((photoId: string, options: FanoutOptions) => run(() => controlFanout(photoId, options)))

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
