import { fileTypeFromBuffer } from 'file-type'
import type { Metadata } from 'sharp'
import type { OriginalContentType } from '../../domain/variants.ts'

/** The content type that the bytes themselves show (magic numbers); undefined for text, HTML, noise and the unknown. */
export async function detectContentType(bytes: Buffer): Promise<string | undefined> {
  // file-type reads containers it finds, some of which throw on a cut or hostile structure.
  const detected = await fileTypeFromBuffer(bytes).catch(() => undefined)
  if (detected?.mime === 'image/apng') return 'image/png'
  if (detected?.mime.startsWith('image/hei') && hasAvifBrand(bytes)) return 'image/avif'
  return detected?.mime
}

/** AVIF under the general major brand `mif1` (as several encoders write it) names `avif` among its compatible brands. */
function hasAvifBrand(bytes: Buffer): boolean {
  const brands = bytes.toString('latin1', 16, Math.min(bytes.readUInt32BE(0), 256))
  return (brands.match(/.{4}/gs) ?? []).some((brand) => brand === 'avif' || brand === 'avis')
}

/** The content type of what libvips opened. Differs from the detected one only for files made to be read two ways. */
export function contentTypeOf(metadata: Metadata): OriginalContentType | undefined {
  switch (metadata.format) {
    case 'jpeg':
      return 'image/jpeg'
    case 'png':
      return 'image/png'
    case 'webp':
      return 'image/webp'
    case 'gif':
      return 'image/gif'
    case 'heif':
      // libvips guesses the codec from the major brand. The brands were looked at before; HEVC has no decoder here.
      return 'image/avif'
    default:
      return undefined
  }
}
