import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MODEL_FILE } from '../src/infra/image/model-file.ts'
import { openImageProcessor } from '../src/infra/image/processor.ts'
import { renderVariants } from '../src/infra/image/render.ts'
import { createLogger } from '../src/observability/logger.ts'
import { ensureStack } from '../stack/install/install.ts'
import type { Benchmark, Trial, TrialOptions } from './harness.ts'
import { photoJpeg } from './photo.ts'
import { median } from './statistics.ts'

const ORIGINAL = { width: 4000, height: 3000 }
/** Linux counts processor time in hundredths of a second for everyone. */
const TICKS_PER_SECOND = 100
const MAX_PIXELS = 50_000_000

export const moderation: Benchmark = {
  name: 'moderation',
  summary: 'Classifying photos in one child process, on one thread: the 800-pixel variant, and the original.',
  open,
}

async function open({ quick }: TrialOptions): Promise<Trial> {
  const times = quick ? 5 : 20
  const { model } = await ensureStack((line) => console.error(`stack: ${line}`))
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-bench-'))
  const original = join(folder, 'original.jpg')
  const medium = join(folder, 'medium.jpg')
  await writeFile(original, await photoJpeg(ORIGINAL.width, ORIGINAL.height))
  await renderMedium(original, medium)
  const logger = createLogger({ level: 'silent', service: 'bench' })
  const openImages = () =>
    openImageProcessor({ children: 1, sandbox: 'auto', beside: { [MODEL_FILE]: model }, logger })
  const scores = new Map<string, number>()

  const contender = (name: string, setting: string, source: string) => ({
    name,
    setting,
    async measure() {
      // A child of its own, so that none is replaced in between.
      const images = openImages()
      await images.warm()
      const classify = async () => {
        const file = join(folder, 'job')
        await copyFile(source, file)
        const start = performance.now()
        const { scores: found } = await images.run('classify', file, { maxPixels: MAX_PIXELS })
        scores.set(name, found.nsfw!)
        return performance.now() - start
      }
      // Loads the model.
      await classify()
      const usedBefore = await processorSeconds()
      const durations: number[] = []
      for (let n = 0; n < times; n++) durations.push(await classify())
      // Of the child alone, so that a busy machine changes it little.
      const used = (await processorSeconds()) - usedBefore
      await images.close()
      return { perCore: times / used, medianMs: median(durations) }
    },
  })
  return {
    conditions: { photo: `${ORIGINAL.width} × ${ORIGINAL.height} JPEG, ${times} times a round` },
    contenders: [
      contender('variant', 'medium_800 as JPEG, which a published photo is classified by', medium),
      contender(
        'original',
        'the JPEG as uploaded, which a photo is classified by before it is published',
        original,
      ),
    ],
    comparisons: [
      { figure: 'perCore', unit: 'photos a second of processor time', ours: 'variant' },
      { figure: 'medianMs', unit: 'ms a photo', ours: 'variant' },
      { figure: 'perCore', unit: 'originals a second of processor time', ours: 'original' },
      { figure: 'medianMs', unit: 'ms an original', ours: 'original' },
    ],
    verify: async () => [
      {
        what: 'scores of one photo by variant and original',
        value: [...scores].map(([name, score]) => `${name} ${score.toFixed(4)}`).join(', '),
        holds: Math.abs(scores.get('variant')! - scores.get('original')!) < 0.05,
      },
    ],
    close: async () => {
      await rm(folder, { recursive: true })
    },
  }
}

/** Of all processes below this one; the only one that works is the child. */
async function processorSeconds(pid = process.pid): Promise<number> {
  const below = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'))
    .trim()
    .split(' ')
    .filter(Boolean)
  let seconds = 0
  for (const child of below) {
    const stat = await readFile(`/proc/${child}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    seconds += (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
    seconds += await processorSeconds(Number(child))
  }
  return seconds
}

async function renderMedium(original: string, medium: string): Promise<void> {
  await renderVariants(original, {
    onVariant: async ({ variant, format, data }) => {
      if (variant === 'medium_800' && format === 'jpeg') await writeFile(medium, data)
    },
  })
}
