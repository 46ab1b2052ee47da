import { InvalidImageError } from '../../src/domain/invalid-image.ts'
import { variantSpec } from '../../src/domain/variants.ts'
import { inspectOriginal, type InspectedOriginal } from '../../src/infra/image/inspect.ts'
import { renderVariants } from '../../src/infra/image/render.ts'

const limits = { maxBytes: 50_000_000, maxPixels: 50_000_000 }

interface Accepted {
  original: InspectedOriginal
  /** Its `medium_800` in WebP. */
  picture: Buffer
}

/**
 * What becomes of an original that is taken.
 * @throws InvalidImageError if its inspection refuses it, Error if rendering does not agree with that or makes another size
 */
export async function accepted(bytes: Buffer, declaredContentType: string): Promise<Accepted> {
  const original = await inspectOriginal(bytes, { declaredContentType, ...limits })
  const [medium] = await renderVariants(bytes, { specs: [variantSpec('medium_800', 'webp')] }).catch(
    (cause: unknown) => {
      throw new Error('accepted at its inspection, refused by rendering', { cause })
    },
  )
  if (!medium!.ok) throw new Error('accepted, and not rendered', { cause: medium!.error })
  const isSameShape = Math.abs(medium!.width / medium!.height / (original.width / original.height) - 1) < 0.05
  if (!isSameShape)
    throw new Error(`${original.width} × ${original.height} became ${medium!.width} × ${medium!.height}`)
  return { original, picture: medium!.data }
}

/** Why an original is refused. @throws Error if it is taken, or fails without a reason */
export async function refusal(
  bytes: Buffer,
  declaredContentType: string,
): Promise<Pick<InvalidImageError, 'code' | 'detail'>> {
  const error = await inspectOriginal(bytes, { declaredContentType, ...limits }).then(
    () => new Error('accepted'),
    (cause: unknown) => cause,
  )
  if (!(error instanceof InvalidImageError)) throw error
  return { code: error.code, detail: error.detail }
}
