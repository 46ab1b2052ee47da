import { readFile } from 'node:fs/promises'
import { pino } from 'pino'
import { loadConfig, type Config } from '../../config/config.ts'
import type { BlockVerdict } from '../../domain/screening.ts'
import { openDatabase } from '../../infra/db/database.ts'
import { openImageProcessor } from '../../infra/image/processor.ts'
import {
  createBlockList,
  toHex,
  type BlockList,
  type PictureHash,
} from '../../services/screening/block-list.ts'
import { withCopy } from './with-copy.ts'

export interface AddOptions {
  verdict: BlockVerdict
  reason: string
  /** A file with a hash at the beginning of each line. */
  hashes?: string
}

const HASH = /^(?:[0-9a-f]{64}|[0-9a-f]{16})$/
const PIXELS_PER_MEGAPIXEL = 1_000_000
const STATEMENT_TIMEOUT_MS = 60_000

/** @throws Error for an operator: nothing to add, a file that is no picture, a line without a hash */
export async function addToBlockList(
  pictures: readonly string[],
  { verdict, reason, hashes }: AddOptions,
): Promise<void> {
  const listed = hashes === undefined ? [] : hashesOf(await readFile(hashes, 'utf8'))
  if (pictures.length + listed.length === 0) throw new Error('name pictures, or a file of --hashes')
  await withBlockList(async (list, config) => {
    const all = new Set([...listed, ...(await hashPictures(pictures, config))])
    const added = await list.add([...all].map((hash) => ({ hash, verdict, reason })))
    print(`${added} added, ${all.size - added} were there and are now for: ${verdict}, ${reason}`)
  })
}

/** @throws Error for an operator: something that is no hash */
export async function removeFromBlockList(hashes: readonly string[]): Promise<void> {
  const all = hashesOf(hashes.join('\n'))
  await withBlockList(async (list) => print(`${await list.remove(all)} of ${all.length} removed`))
}

/** Prints a line for each hash, in the order of their addition. */
export async function printBlockList(): Promise<void> {
  await withBlockList(async (list) => {
    for (let page = await list.list(); page.length > 0; page = await list.list(page.at(-1)!.id)) {
      for (const { hash, verdict, reason, addedAt } of page)
        print([hash.padEnd(64), verdict.padEnd(10), addedAt.toISOString(), reason].join('  '))
    }
  })
}

/** The first word of each line; empty lines and those that begin with # are none. */
function hashesOf(text: string): PictureHash[] {
  const words = text
    .split('\n')
    .map((line) =>
      line
        .trim()
        .split(/[\s,;]/)[0]!
        .toLowerCase(),
    )
    .filter((word) => word !== '' && !word.startsWith('#'))
  const wrong = words.find((word) => !HASH.test(word))
  if (wrong !== undefined)
    throw new Error(`${wrong} is neither a SHA-256 (64 hex digits) nor a perceptual hash (16)`)
  return words
}

/** Of each picture that of its bytes, and that of its looks if it has features. */
async function hashPictures(paths: readonly string[], config: Config): Promise<PictureHash[]> {
  if (paths.length === 0) return []
  const images = openImageProcessor({
    children: 1,
    sandbox: config.MEDIA_SANDBOX,
    logger: pino({ level: 'silent' }),
  })
  const maxPixels = config.MAX_MEGAPIXELS * PIXELS_PER_MEGAPIXEL
  const hashes: PictureHash[] = []
  try {
    for (const path of paths) {
      const { sha256, perceptualHash } = await withCopy(path, (copy) =>
        images.run('hashPicture', copy, { maxPixels }),
      )
      hashes.push(sha256, ...(perceptualHash === undefined ? [] : [toHex(perceptualHash)]))
    }
    return hashes
  } finally {
    await images.close()
  }
}

async function withBlockList(work: (list: BlockList, config: Config) => Promise<void>): Promise<void> {
  const config = loadConfig(process.env, 'command')
  const db = await openDatabase({
    url: config.DATABASE_URL,
    poolSize: 1,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    applicationName: 'darkroom-block-list',
  })
  try {
    await work(createBlockList(db), config)
  } finally {
    await db.close()
  }
}

const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
