import type { Box } from './text-boxes.ts'

/** A box and the text that was read in it. */
export interface ReadBox {
  box: Box
  text: string
}

/** The text as one would read it aloud: boxes beside each other are one line, from the left to the right; lines from top to bottom. */
export function linesOfBoxes(boxes: readonly ReadBox[]): string {
  const lines: ReadBox[][] = []
  for (const read of [...boxes].sort((one, other) => one.box.y - other.box.y)) {
    const line = lines.at(-1)
    if (line && isBeside(line[0]!.box, read.box)) line.push(read)
    else lines.push([read])
  }
  return lines
    .map((line) => line.sort((one, other) => one.box.x - other.box.x).map(({ text }) => text))
    .map((texts) => texts.join(' '))
    .join('\n')
}

const isBeside = (one: Box, other: Box): boolean =>
  Math.abs(one.y - other.y) < Math.min(one.height, other.height) / 2
