import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import pMap from 'p-map'
import { loadConfig } from '../../config/config.ts'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import { verdictOnScores } from '../../domain/screening.ts'
import { openClassifier } from '../../infra/classifier/open-classifier.ts'
import { createLogger } from '../../observability/logger.ts'
import { openConfusion } from './confusion.ts'
import { withCopy } from './with-copy.ts'

/**
 * Classifies every picture below a folder, whose subfolders are the labels, and prints which verdicts they get.
 * @throws Error for an operator: no classifier in the settings, no subfolder, or one that fails
 */
export async function evaluate(folder: string): Promise<void> {
  const config = loadConfig(process.env, 'command')
  const opened = openClassifier(config, createLogger({ level: 'warn', service: 'cli' }))
  if (!opened)
    throw new Error('the settings name no classifier: MODERATION_MODEL or MODERATION_CLASSIFIER_URL')
  const thresholds = { limit: config.MODERATION_LIMIT_SCORE, quarantine: config.MODERATION_QUARANTINE_SCORE }
  try {
    const pictures = await labelled(folder)
    if (pictures.length === 0) throw new Error(`${folder} has no subfolder with files in it`)
    const confusion = openConfusion()
    const since = performance.now()
    await pMap(
      pictures,
      async ({ label, path }) => {
        try {
          const { scores } = await withCopy(path, (copy) => opened.classifier.classify(copy))
          confusion.count(label, verdictOnScores(scores, thresholds))
        } catch (error) {
          if (!(error instanceof InvalidImageError)) throw error
          confusion.count(label, 'unreadable')
        }
      },
      { concurrency: config.MODERATION_CONCURRENCY },
    )
    const seconds = (performance.now() - since) / 1_000
    print(confusion.table())
    print(
      `limit from ${thresholds.limit}, quarantine from ${thresholds.quarantine}; ` +
        `${pictures.length} files in ${seconds.toFixed(1)} s`,
    )
  } finally {
    await opened.close()
  }
}

/** Files below the folder; the first folder on the way to each is its label. Hidden ones are no pictures. */
async function labelled(folder: string): Promise<{ label: string; path: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, steps: relative(folder, path).split(sep) }))
    .filter(({ steps }) => steps.length > 1 && !steps.some((step) => step.startsWith('.')))
    .map(({ path, steps }) => ({ label: steps[0]!, path }))
    .sort((one, other) => (one.path < other.path ? -1 : 1))
}

const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
