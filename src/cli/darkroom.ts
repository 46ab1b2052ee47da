import { Command, InvalidArgumentError } from 'commander'
import { controlFanout, type FanoutOptions } from './fanout.ts'
import { migrate } from './migrate.ts'
import { controlColdStorage, type ColdStorageOptions } from './cold-storage.ts'
import { controlReencode, type ReencodeOptions } from './re-encode.ts'
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

const media = program.command('media').description('operates what is stored of photos')

media
  .command('cold-storage')
  .description('moves old originals into the cold storage now, as the daily schedule does; one run at a time')
  .option('--status', 'watch the run, or show what the last one did; start none')
  .option('--pause', 'hold after the slice under way')
  .option('--resume', 'go on where it was paused')
  .action((options: ColdStorageOptions) => run(() => controlColdStorage(options)))

media
  .command('re-encode')
  .description('makes variants of the library that are missing or of former settings; one run at a time')
  .option('--size <name...>', 'only these sizes')
  .option('--format <name...>', 'only these formats')
  .option('--force', 'also those that were made with the present settings')
  .option('--canary <percent>', 'begin with this share of the photos, and wait for --approve', percent, 1)
  .option('--approve-after <hours>', 'go on after this time without --approve', positive)
  .option('--rate <photos>', 'photos a minute; also changes that of a run', positive)
  .option(
    '--purge',
    'have edges drop former bytes at once; a replaced variant answers 404 there for a second',
    false,
  )
  .option('--status', 'watch the run, start none')
  .option('--approve', 'the canary is good: go on with the rest')
  .option('--pause', 'hold after the slice under way')
  .option('--resume', 'go on where it was paused')
  .option('--cancel', 'end it; what is done stays')
  .action((options: ReencodeOptions) => run(() => controlReencode(options)))

await program.parseAsync()

function percent(text: string): number {
  const share = Number(text)
  if (!(share >= 0 && share <= 100)) throw new InvalidArgumentError('Give a number from 0 to 100.')
  return share
}

function positive(text: string): number {
  const number = Number(text)
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError('Give a number above 0.')
  return number
}

/** Prints a line for each thing done; an error is one line too, with exit code 1. */
async function run(work: (progress: (line: string) => void) => Promise<void>): Promise<void> {
  try {
    await work((line) => process.stdout.write(`${line}\n`))
  } catch (error) {
    process.stderr.write(`darkroom: ${messageOf(error)}\n`)
    process.exitCode = 1
  }
}
