import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
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
const MAX_PIXELS = 50_000_000

export const moderation: Benchmark = {
  name: 'moderation',
  summary: 'Classifying photos in one child process, on one thread: the 800-pixel variant, and the original.',
  open,
}

async function open({ quick }: TrialOptions): Promise<Trial> {
  const times = quick ? 5 : 100
  const { model } = await ensureStack((line) => console.error(`stack: ${line}`))
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-bench-'))
  const original = join(folder, 'original.jpg')
  const medium = join(folder, 'medium.jpg')
  await writeFile(original, await photoJpeg(ORIGINAL.width, ORIGINAL.height))
  await renderMedium(original, medium)
  const logger = createLogger({ level: 'silent', service: 'bench' })
  const images = openImageProcessor({
    children: 1,
    sandbox: 'auto',
    beside: { [MODEL_FILE]: model },
    logger,
  })
  const sandbox = await images.warm()
  const scores = new Map<string, number>()

  const contender = (name: string, setting: string, source: string) => ({
    name,
    setting,
    async measure() {
      const durations: number[] = []
      const since = performance.now()
      for (let n = 0; n < times; n++) {
        const file = join(folder, 'job')
        await copyFile(source, file)
        const start = performance.now()
        const { scores: found } = await images.run('classify', file, { maxPixels: MAX_PIXELS })
        durations.push(performance.now() - start)
        scores.set(name, found.nsfw!)
      }
      return {
        perSecond: (times * 1_000) / (performance.now() - since),
        medianMs: median(durations),
      }
    },
  })
  return {
    conditions: { photo: `${ORIGINAL.width} × ${ORIGINAL.height} JPEG, ${times} times a round`, sandbox },
    contenders: [
      contender('variant', 'medium_800 as JPEG, which a published photo is classified by', medium),
      contender(
        'original',
        'the JPEG as uploaded, which a photo is classified by before it is published',
        original,
      ),
    ],
    comparisons: [
      { figure: 'perSecond', unit: 'photos a second and core', ours: 'variant' },
      { figure: 'medianMs', unit: 'ms a photo', ours: 'variant' },
      { figure: 'perSecond', unit: 'originals a second and core', ours: 'original' },
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
      await images.close()
      await rm(folder, { recursive: true })
    },
  }
}

async function renderMedium(original: string, medium: string): Promise<void> {
  await renderVariants(original, {
    onVariant: async ({ variant, format, data }) => {
      if (variant === 'medium_800' && format === 'jpeg') await writeFile(medium, data)
    },
  })
}
