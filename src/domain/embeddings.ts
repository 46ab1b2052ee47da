/** Of a stored vector, each number is one byte: enough to order photos by, and a quarter of the room. */
const MAX_STEP = 127

/** The vector in steps of its greatest number; its length is lost, its direction kept to within a hundredth. */
export function toBytes(vector: Float32Array): Int8Array {
  const greatest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return Int8Array.from(vector, (value) => Math.round((value / greatest) * MAX_STEP))
}

/** How near two vectors are in direction, -1 to 1; null if they are not of one length. */
export function cosine(vector: Float32Array, bytes: Uint8Array | Int8Array): number | null {
  if (vector.length !== bytes.length) return null
  const stored = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  let [product, one, other] = [0, 0, 0]
  for (let at = 0; at < stored.length; at++) {
    const [left, right] = [vector[at]!, stored[at]!]
    product += left * right
    one += left * left
    other += right * right
  }
  return product / Math.sqrt(one * other)
}
