import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VARIANT_FORMATS, variantSpecsOf } from '../src/domain/variants.ts'
import { inspectOriginal } from '../src/infra/image/inspect.ts'
import { openImageProcessor } from '../src/infra/image/processor.ts'
import { renderVariants } from '../src/infra/image/render.ts'
import { createLogger } from '../src/observability/logger.ts'
import type { Benchmark, Contender, Trial, TrialOptions } from './harness.ts'
import { photoJpeg } from './photo.ts'
import { median } from './statistics.ts'

const SIZE = { width: 4000, height: 3000 }
const INSPECTION = { declaredContentType: 'image/jpeg', maxBytes: 50 * 1024 ** 2, maxPixels: 50_000_000 }

export const isolation: Benchmark = {
  name: 'isolation',
  summary:
    'Inspecting and rendering a 12-megapixel JPEG in a child process beside the same calls in-process.',
  open,
}

async function open({ quick }: TrialOptions): Promise<Trial> {
  const times = quick ? 3 : 15
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-bench-'))
  const path = join(folder, 'photo.jpg')
  await writeFile(path, await photoJpeg(SIZE.width, SIZE.height))
  const logger = createLogger({ level: 'silent', service: 'bench' })
  const images = openImageProcessor({ children: 1, sandbox: 'auto', logger })
  const sandbox = await images.warm()
  // What uploads wait for: JPEG and WebP.
  const specs = variantSpecsOf(SIZE).filter(({ format }) => !VARIANT_FORMATS[format].isDeferred)
  const bytes = new Map<string, number>()

  const contender = (
    name: string,
    setting: string,
    inspect: () => Promise<unknown>,
    render: (onBytes: (count: number) => void) => Promise<unknown>,
  ): Contender => ({
    name,
    setting,
    async measure() {
      let rendered = 0
      const inspections = await inTurn(times, inspect)
      const renderings = await inTurn(times, () => render((count) => (rendered += count)))
      bytes.set(name, rendered / times)
      return { inspectMs: median(inspections), renderMs: median(renderings) }
    },
  })
  const pair = { ours: 'child process', reference: 'in-process' }
  return {
    conditions: { photo: `${SIZE.width} × ${SIZE.height}, ${times} times a round, medians`, sandbox },
    contenders: [
      contender(
        'child process',
        'the pool of the media worker, one child, its parts taken as they come',
        () => images.run('inspectOriginal', path, INSPECTION),
        (onBytes) =>
          images.run('renderVariants', path, { specs }, { onPart: async (part) => onBytes(bytesOf(part)) }),
      ),
      contender(
        'in-process',
        'inspectOriginal and renderVariants',
        () => inspectOriginal(path, INSPECTION),
        (onBytes) => renderVariants(path, { specs, onVariant: (part) => onBytes(bytesOf(part)) }),
      ),
    ],
    comparisons: [
      { figure: 'inspectMs', unit: 'ms to inspect', ...pair, goal: { of: 'difference', atMost: 10 } },
      {
        figure: 'renderMs',
        unit: 'ms to render JPEG and WebP',
        ...pair,
        goal: { of: 'difference', atMost: 10 },
      },
    ],
    verify: async () => [
      {
        what: 'bytes of the variants of one photo',
        value: [...bytes].map(([name, count]) => `${name} ${count}`).join(', '),
        holds: new Set(bytes.values()).size === 1 && [...bytes.values()][0]! > 0,
      },
    ],
    close: async () => {
      await images.close()
      await rm(folder, { recursive: true })
    },
  }
}

function bytesOf(part: { ok: boolean; data?: Uint8Array }): number {
  return part.data?.byteLength ?? 0
}

async function inTurn(times: number, work: () => Promise<unknown>): Promise<number[]> {
  const durations: number[] = []
  for (let n = 0; n < times; n++) {
    const start = performance.now()
    await work()
    durations.push(performance.now() - start)
  }
  return durations
}
