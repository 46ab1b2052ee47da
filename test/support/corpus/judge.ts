import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { INVALID_IMAGE_CODES, InvalidImageError } from '../../../src/domain/invalid-image.ts'
import type { ImageProcessor } from '../../../src/infra/image/processor.ts'
import { assemble } from '../../../src/infra/image/strip/pieces.ts'
import { VARIANT_SPECS } from '../../../src/domain/variants.ts'
import type { HostileFile } from './hostile-files.ts'

/** The cheapest variant; its decode is the one that all others begin with. */
const SPECS = VARIANT_SPECS.filter(({ format }) => format === 'jpeg').slice(0, 1)

/** `ready`, or the code that it fails with. @throws Error if it ends in neither, or if rendering, or the copy for others, does not agree with inspection */
export async function judge(images: ImageProcessor, folder: string, file: HostileFile): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.bin`)
  await writeFile(path, file.bytes)
  const limits = { maxBytes: 50_000_000, maxPixels: 50_000_000 }
  const inspecting = images.run('inspectOriginal', path, { declaredContentType: file.contentType, ...limits })
  const verdict = await inspecting.then(({ animationFrames }) => ({ animationFrames }), codeOf(file))
  if (typeof verdict === 'string') return verdict
  // Its later frames may be damaged, for which the photo goes without.
  if (verdict.animationFrames) await images.run('renderAnimation', path, undefined).catch(codeOf(file))
  const failed = await images
    .run(
      'renderVariants',
      path,
      { specs: SPECS, maxPixels: limits.maxPixels },
      { onPart: async () => undefined },
    )
    .catch((error: unknown) => {
      throw new Error(`${file.name}: accepted at its inspection, refused by rendering`, { cause: error })
    })
  if (failed.length > 0)
    throw new Error(`${file.name}: accepted, and not rendered`, { cause: failed[0]!.error })
  const copy = await images
    .run('stripMetadata', path, { maxPixels: limits.maxPixels })
    .catch((error: unknown) => {
      throw new Error(`${file.name}: accepted, and no copy can be made for others`, { cause: error })
    })
  await writeFile(path, assemble(file.bytes, copy.pieces))
  await images
    .run('inspectOriginal', path, { declaredContentType: `image/${copy.format}`, ...limits })
    .catch((error: unknown) => {
      throw new Error(`${file.name}: accepted, and its copy for others is not`, { cause: error })
    })
  return 'ready'
}

const codeOf =
  ({ name }: HostileFile) =>
  (error: unknown): string => {
    if (error instanceof InvalidImageError && INVALID_IMAGE_CODES.includes(error.code)) return error.code
    throw new Error(`${name}: ended in neither ready nor a code`, { cause: error })
  }
