import { readFileSync } from 'node:fs'
import { labelOf, type TagLabel } from '../domain/auto-tags.ts'
import { MAX_CHARACTERS, MAX_ITEMS } from '../domain/limits.ts'
import { messageOf } from '../observability/error-text.ts'

/**
 * Reads the file that AUTO_TAG_LABELS names, one label a line; without one there are none.
 * @throws Error if it cannot be read, holds something else, or more than {@link MAX_ITEMS.tagLabels}
 */
export function readTagLabels(file: string | undefined): readonly TagLabel[] {
  if (file === undefined) return []
  try {
    const lines = readFileSync(file, 'utf8').split(/\r?\n/)
    const labels = new Map<string, TagLabel>()
    for (const [at, line] of lines.entries()) {
      if (line.trim() === '') continue
      const label = labelOf(line)
      if (!label || [...label.text].length > MAX_CHARACTERS.tagLabel)
        throw new RangeError(`line ${at + 1} is not a tag, or a tag, a colon and a text`)
      labels.set(label.tag, label)
    }
    if (labels.size > MAX_ITEMS.tagLabels) throw new RangeError(`more than ${MAX_ITEMS.tagLabels} labels`)
    return [...labels.values()]
  } catch (error) {
    throw new Error(`AUTO_TAG_LABELS: ${messageOf(error)}`, { cause: error })
  }
}
