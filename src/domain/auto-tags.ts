import { cosine } from './embeddings.ts'
import { extractHashtags, type Hashtag } from './hashtags.ts'

/** A tag that photos may be offered, with the text that their pictures are compared with. */
export interface TagLabel extends Hashtag {
  text: string
}

/** A tag that a picture is near to. */
export interface NearTag {
  /** As it would stand in a caption, without the `#`. */
  tag: string
  /** The cosine of the two embeddings, -1 to 1. */
  nearness: number
}

/**
 * The label that a line of the operator's list names: `dog`, or `dog: a photo of a dog` where other words describe it better.
 * @returns undefined if that is not a hashtag
 */
export function labelOf(line: string): TagLabel | undefined {
  const colon = line.indexOf(':')
  const named = (colon < 0 ? line : line.slice(0, colon)).trim().normalize('NFC').replace(/^#/, '')
  const text = colon < 0 ? named : line.slice(colon + 1).trim()
  const [tag, ...others] = extractHashtags(`#${named}`)
  return tag?.display === named && others.length === 0 && text !== '' ? { ...tag, text } : undefined
}

/** The tags that a picture is nearest to, the nearest first. */
export function nearestTags(
  picture: Uint8Array,
  labels: readonly { display: string; vector: Uint8Array }[],
  { atLeast, most }: { atLeast: number; most: number },
): NearTag[] {
  const vector = Float32Array.from(new Int8Array(picture.buffer, picture.byteOffset, picture.length))
  return labels
    .map((label) => ({ tag: label.display, nearness: cosine(vector, label.vector) ?? -1 }))
    .filter(({ nearness }) => nearness >= atLeast)
    .sort((one, other) => other.nearness - one.nearness)
    .slice(0, most)
}
