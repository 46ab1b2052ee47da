import { sharp } from '../src/infra/image/sharp.ts'

/** Window side and step in pixels: 8 and 4, as in the ITU and libvpx variants of the measure. */
const windowSide = 8
const windowStep = 4
/** Stabilisers of Wang, Bovik, Sheikh, Simoncelli 2004: (0.01 · 255)² and (0.03 · 255)². */
const c1 = 6.5025
const c2 = 58.5225

/**
 * Structural similarity of two images' luma; 1 for equal images (Wang et al. 2004, mean over square windows).
 *
 * @throws if their sizes differ
 */
export async function ssim(first: Buffer, second: Buffer): Promise<number> {
  const [a, b] = await Promise.all([luma(first), luma(second)])
  if (a.width !== b.width || a.height !== b.height) {
    throw new Error(`${a.width} × ${a.height} cannot be compared with ${b.width} × ${b.height}`)
  }
  let sum = 0
  let windows = 0
  for (let y = 0; y + windowSide <= a.height; y += windowStep) {
    for (let x = 0; x + windowSide <= a.width; x += windowStep) {
      sum += windowSimilarity(a.data, b.data, y * a.width + x, a.width)
      windows++
    }
  }
  return sum / windows
}

function windowSimilarity(a: Buffer, b: Buffer, start: number, stride: number): number {
  let [sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0]
  for (let row = 0; row < windowSide; row++) {
    for (let at = start + row * stride; at < start + row * stride + windowSide; at++) {
      const [p, q] = [a[at]!, b[at]!]
      sumA += p
      sumB += q
      sumAA += p * p
      sumBB += q * q
      sumAB += p * q
    }
  }
  const n = windowSide ** 2
  const [meanA, meanB] = [sumA / n, sumB / n]
  const [varianceA, varianceB] = [sumAA / n - meanA ** 2, sumBB / n - meanB ** 2]
  const covariance = sumAB / n - meanA * meanB
  return (
    ((2 * meanA * meanB + c1) * (2 * covariance + c2)) /
    ((meanA ** 2 + meanB ** 2 + c1) * (varianceA + varianceB + c2))
  )
}

async function luma(image: Buffer): Promise<{ data: Buffer; width: number; height: number }> {
  const { data, info } = await sharp(image)
    .flatten({ background: '#ffffff' })
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}
