import { fileTypeFromBuffer } from 'file-type'
import type { Metadata } from 'sharp'
import type { OriginalContentType } from '../../domain/variants.ts'
import { readHeif } from './heif.ts'

/** Little- and big-endian, each also for files beyond 4 GB. */
const TIFF_SIGNATURES = ['49492a00', '4d4d002a', '49492b00', '4d4d002b']

/** The content type that the bytes themselves show (magic numbers); undefined for text, HTML, noise and the unknown. */
export async function detectContentType(bytes: Buffer): Promise<string | undefined> {
  // file-type reads containers it finds, some of which throw on a cut or hostile structure.
  const detected = await fileTypeFromBuffer(bytes).catch(() => undefined)
  // It asks the directory of a TIFF, which may stand behind a cut, for the raw format of some camera.
  if (!detected && TIFF_SIGNATURES.includes(bytes.toString('hex', 0, 4))) return 'image/tiff'
  if (detected?.mime === 'image/apng') return 'image/png'
  if (detected && /^image\/(hei[cf]|avif)/.test(detected.mime)) return typeOfHeif(bytes)
  return detected?.mime
}

/** Major brands are vague (`mif1`) or wrong; what the primary image is coded in is not. Without one, the brands have to tell. */
function typeOfHeif(bytes: Buffer): 'image/avif' | 'image/heic' | 'image/heif' {
  const { brands, codec } = readHeif(bytes)
  if (codec === 'av01') return 'image/avif'
  if (codec === 'hvc1' || codec === 'hev1') return 'image/heic'
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'image/avif'
  return brands.some((brand) => /^he[iv]/.test(brand)) ? 'image/heic' : 'image/heif'
}

/**
 * Whether a client may declare its bytes so. Every HEIC is a HEIF, and clients that go by the name's ending say either.
 */
export function mayDeclare(declared: string, detected: OriginalContentType): boolean {
  return declared === detected || (declared === 'image/heif' && detected === 'image/heic')
}

/** The content types of what libvips opened. Without the detected one only for files made to be read two ways. */
export function contentTypesOf(metadata: Metadata): readonly OriginalContentType[] {
  switch (metadata.format) {
    case 'jpeg':
      return ['image/jpeg']
    case 'png':
      return ['image/png']
    case 'webp':
      return ['image/webp']
    case 'gif':
      return ['image/gif']
    case 'tiff':
      return ['image/tiff']
    case 'heif':
      // libvips guesses the codec from the major brand. The primary image was looked at before.
      return ['image/avif', 'image/heic', 'image/heif']
    default:
      return []
  }
}
