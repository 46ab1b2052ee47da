import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { BLOCK_VERDICTS } from '../domain/screening.ts'
import { VISIBILITIES } from '../domain/visibility.ts'
import type { ResetFactorsOptions, ShowOptions } from './accounts.ts'
import type { FanoutOptions } from './fanout.ts'
import type { ColdStorageOptions } from './cold-storage.ts'
import type { EmbedOptions } from './embed.ts'
import type { AddOptions } from './moderation/block-list.ts'
import type { ImportOptions } from './import/command.ts'
import type { RescreenOptions } from './moderation/re-screen.ts'
import type { ReencodeOptions } from './re-encode.ts'
import type { ReindexWish } from './search-reindex.ts'
import type { UploadOptions } from './upload/command.ts'
import { messageOf } from '../observability/error-text.ts'
import { endOnInterrupt, EXIT, EXIT_CODES_HELP, UsageError } from './exit.ts'

/* Each command is loaded when it is asked for: `upload` runs on clients, and needs none of what the others do. */

const program = new Command('darkroom')
  .description(
    'Sets Darkroom up and operates it. Settings come from the environment (.env.example lists them).',
  )
  .showHelpAfterError()
  .addHelpText('afterAll', EXIT_CODES_HELP)
  // Subcommands take it over, and so it stands before them.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.done : EXIT.usage))

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
  .action(() => run(async (progress) => (await import('./setup.ts')).setUp(progress)))

program
  .command('migrate')
  .description('applies migrations to DATABASE_URL; safe to repeat')
  .action(() => run(async (progress) => (await import('./migrate.ts')).migrate(progress)))

program
  .command('fanout')
  .argument('<photoId>', 'the id of the photo')
  .description('watches, pauses, resumes or cancels the distribution of a photo to feeds')
  .option('--pause', 'pause after the current slices; readers keep merging the photo')
  .option('--resume', 'continue where it was paused, and watch')
  .option('--cancel', 'stop it where it is; readers merge the photo until it is pushed again')
  .action((photoId: string, options: FanoutOptions) =>
    run(async () => (await import('./fanout.ts')).controlFanout(photoId, options)),
  )

const search = program.command('search').description('operates the search index')
const reindexing = (wish: ReindexWish, options?: { rate?: number }) =>
  run(async () => (await import('./search-reindex.ts')).controlReindex(wish, options))

search
  .command('reindex')
  .description(
    'builds the index anew beside the one that is searched, and takes it into use; one run at a time',
  )
  .option('--rate <documents>', 'documents a second; also changes that of a run', positive)
  .action((options: { rate?: number }) => reindexing('reindex', options))
search
  .command('status')
  .description('watches the reindex, or shows what the last one did')
  .action(() => reindexing('status'))
search
  .command('pause')
  .description('holds after the slice under way')
  .action(() => reindexing('pause'))
search
  .command('resume')
  .description('goes on where it was paused')
  .action(() => reindexing('resume'))
search
  .command('rollback')
  .description('gives up the reindex under way, or goes back to the index before the last one')
  .action(() => reindexing('rollback'))
search
  .command('discard')
  .description('deletes the index before the last one, which is kept for a day')
  .action(() => reindexing('discard'))

const media = program.command('media').description('operates what is stored of photos')

media
  .command('cold-storage')
  .description('moves old originals into the cold storage now, as the daily schedule does; one run at a time')
  .option('--status', 'watch the run, or show what the last one did; start none')
  .option('--pause', 'hold after the slice under way')
  .option('--resume', 'go on where it was paused')
  .action((options: ColdStorageOptions) =>
    run(async () => (await import('./cold-storage.ts')).controlColdStorage(options)),
  )

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
  .action((options: ReencodeOptions) =>
    run(async () => (await import('./re-encode.ts')).controlReencode(options)),
  )

media
  .command('embed')
  .description(
    'has photos embedded that are not by the present model, for searches by content; one run at a time',
  )
  .option('--rate <photos>', 'photos a minute; also changes that of a run', positive)
  .option('--status', 'watch the run, start none')
  .option('--pause', 'hold after the slice under way')
  .option('--resume', 'go on where it was paused')
  .option('--cancel', 'end it; what is done stays')
  .action((options: EmbedOptions) => run(async () => (await import('./embed.ts')).controlEmbedding(options)))

const accounts = program.command('accounts').description('operates accounts')

accounts
  .command('show')
  .argument('<account>', 'a username, or with --id a number')
  .description(
    'says how an account stands: what it stores, how it signs in, what is under way; nothing that it wrote',
  )
  .option('--id', 'the account is named by its number, as logs and workflows have it')
  .option('--json', 'for programs')
  .action((account: string, options: ShowOptions) =>
    run(async (progress) => (await import('./accounts.ts')).showAccount(account, options, progress)),
  )

accounts
  .command('sign-out')
  .argument('<username>', 'an account')
  .description('ends all of its sessions')
  .option('--tokens', 'and delete its personal access tokens')
  .action((username: string, options: { tokens?: boolean }) =>
    run(async (progress) => (await import('./accounts.ts')).signOut(username, options, progress)),
  )

accounts
  .command('reset-factors')
  .argument('<username>', 'an account whose person lost all factors and recovery codes')
  .description('shows its second factors; with --yes removes them, ends its sessions, tells it and logs it')
  .option('--yes', 'remove them')
  .option('--lock-out', 'also from an account that signs in by nothing but passkeys: nobody gets in again')
  .action((username: string, options: ResetFactorsOptions) =>
    run(async (progress) => (await import('./accounts.ts')).resetFactors(username, options, progress)),
  )

const moderation = program
  .command('moderation')
  .description('operates moderation: roles, the audit log, and what is automatic')

moderation
  .command('grant')
  .argument('<username>', 'an account')
  .addArgument(new Argument('<role>', 'its role').choices(['moderator', 'senior', 'admin']))
  .description('gives an account a role, and logs it')
  .action((username: string, role: 'moderator' | 'senior' | 'admin') =>
    run(async (progress) => (await import('./moderation/staff.ts')).setRole(username, role, progress)),
  )

moderation
  .command('revoke')
  .argument('<username>', 'an account')
  .description('takes the role of an account away, and logs it')
  .action((username: string) =>
    run(async (progress) => (await import('./moderation/staff.ts')).setRole(username, 'user', progress)),
  )

moderation
  .command('audit')
  .description('the append-only log of what moderation does')
  .command('verify')
  .description(
    'computes the chain of hashes again; keep the last one elsewhere to prove that nothing was cut off',
  )
  .action(() => run(async (progress) => (await import('./moderation/staff.ts')).verifyAuditLog(progress)))

moderation
  .command('evaluate')
  .argument('<folder>', 'a folder whose subfolders are labels, such as allow, limit and quarantine')
  .description('classifies the pictures of a labelled folder and prints which verdicts they get')
  .action((folder: string) => run(async () => (await import('./moderation/evaluate.ts')).evaluate(folder)))

moderation
  .command('re-screen')
  .description('screens photos anew whose verdict is of another model or policy; one run at a time')
  .option('--all', 'also photos whose verdict is up to date, as after additions to the block list')
  .option('--canary <percent>', 'try this share of the photos first, and wait for --approve', percent, 1)
  .option('--rate <photos>', 'photos a minute; also changes that of a run', positive)
  .option('--status', 'watch the run, start none')
  .option('--approve', 'the trial is good: go on with the library')
  .option('--pause', 'hold after the slice under way')
  .option('--resume', 'go on where it was paused')
  .option('--cancel', 'end it; what is done stays')
  .action((options: RescreenOptions) =>
    run(async () => (await import('./moderation/re-screen.ts')).controlScreening(options)),
  )

const blockList = moderation
  .command('block-list')
  .description('pictures that are recognised, by the SHA-256 of their bytes and by what they look like')

blockList
  .command('add')
  .argument('[picture...]', 'pictures, of which hashes are stored and nothing else')
  .description('adds pictures, or hashes from a file')
  .addOption(
    new Option('--verdict <verdict>', 'what becomes of photos').choices(BLOCK_VERDICTS).default('quarantine'),
  )
  .requiredOption('--reason <words>', 'why, at most 100 characters')
  .option('--hashes <file>', 'a file with a hash at the beginning of each line')
  .action((pictures: string[], options: AddOptions) =>
    run(async () => (await import('./moderation/block-list.ts')).addToBlockList(pictures, options)),
  )

blockList
  .command('remove')
  .argument('<hash...>', 'as `list` prints them')
  .action((hashes: string[]) =>
    run(async () => (await import('./moderation/block-list.ts')).removeFromBlockList(hashes)),
  )

blockList
  .command('list')
  .action(() => run(async () => (await import('./moderation/block-list.ts')).printBlockList()))

program
  .command('upload')
  .argument('<folder>', 'a folder with everything below it, or one file')
  .description('uploads photos to your account; repeated, it goes on where it was interrupted')
  .addOption(
    new Option('--server <url>', 'where the API is')
      .env('DARKROOM_SERVER')
      .default('http://localhost:3000')
      .argParser(httpUrl),
  )
  .option('--user <name>', 'your user name; asked for if neither it nor DARKROOM_USER is given')
  .option('--parallel <files>', 'files at a time', wholeNumber, 4)
  .addOption(new Option('--visibility <who>', 'who sees them').choices(VISIBILITIES))
  .option('--dry-run', 'list what would be uploaded, and sign in nowhere')
  .option('--no-wait', 'end when all are sent, before they are published or refused')
  .option('--json', 'one line of JSON for each file')
  .addHelpText(
    'after',
    `
Skips what you have uploaded already, by the bytes. Of a folder that Google Takeout made, the JSON files beside photos give description,
place and, where the photo has none, time. The password is asked for, or taken from DARKROOM_PASSWORD; nothing is stored. Programs use a personal access token of the scopes
read and upload, in DARKROOM_TOKEN.
It fails (1) if it could not begin, or if in the end some are not there.`,
  )
  .action((folder: string, options: UploadOptions) =>
    run(async () => (await import('./upload/command.ts')).upload(folder, options)),
  )

program
  .command('import')
  .argument('<source...>', 'a ZIP, several of one Takeout, or a folder that they were unpacked into')
  .description(
    "imports another instance's export, or Google Takeout; repeated, it goes on where it was interrupted",
  )
  .addOption(
    new Option('--server <url>', 'where the API is')
      .env('DARKROOM_SERVER')
      .default('http://localhost:3000')
      .argParser(httpUrl),
  )
  .option('--user <name>', 'your user name; asked for if neither it nor DARKROOM_USER is given')
  .option('--parallel <files>', 'files at a time', wholeNumber, 4)
  .addOption(
    new Option('--visibility <who>', 'who sees them, instead of what the export says').choices(VISIBILITIES),
  )
  .option(
    '--scratch <folder>',
    'where archives are unpacked for as long as it takes, by default the system’s',
  )
  .option('--json', 'one line of JSON for each file and album')
  .addHelpText(
    'after',
    `
Of an export: captions, tags, visibility, dates, places, what is shared, and your albums; not what was in the trash or taken down. Of a Takeout: what
\`upload\` reads. Skips what you have already, by the bytes. Files of an archive that could do harm are refused: names that lead elsewhere, links,
what is there twice, encrypted, or grows too much. The password is asked for, or taken from DARKROOM_PASSWORD; programs use a personal access
token of the scopes read, write and upload, in DARKROOM_TOKEN.
It fails (1) if it could not begin, or if in the end some are not there.`,
  )
  .action((sources: string[], options: ImportOptions) =>
    run(async () => (await import('./import/command.ts')).importArchives(sources, options)),
  )

let called: Command = program
program.hook('preAction', (_program, command) => {
  called = command
})
endOnInterrupt()
await program.parseAsync()

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > 32)
    throw new InvalidArgumentError('Give a whole number from 1 to 32.')
  return number
}

function httpUrl(text: string): string {
  if (!['http:', 'https:'].includes(URL.parse(text)?.protocol ?? ''))
    throw new InvalidArgumentError('Give a URL with http:// or https://.')
  return text
}

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

/** Prints a line for each thing done; an error is one line too. */
async function run(work: (progress: (line: string) => void) => Promise<void>): Promise<void> {
  try {
    await work((line) => process.stdout.write(`${line}\n`))
  } catch (error) {
    if (error instanceof UsageError) called.error(`error: ${error.message}`)
    process.stderr.write(`darkroom: ${messageOf(error)}\n`)
    process.exitCode = EXIT.failed
  }
}
