import { InvalidImageError } from '../../domain/invalid-image.ts'
import type { PixelSize } from '../../domain/variants.ts'

/** @throws InvalidImageError */
export function assertPixels({ width, height }: PixelSize, maxPixels: number): void {
  if (width * height <= maxPixels) return
  throw new InvalidImageError(
    'too_many_pixels',
    `${width} × ${height} pixels are more than the ${maxPixels} allowed.`,
  )
}
