import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTagLabels } from './tag-labels.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(text: string) {
  const file = join(folder, 'labels.txt')
  await writeFile(file, text)
  return readTagLabels(file)
}

describe('readTagLabels', () => {
  it('reads a tag a line, of the same tag the last one', async () => {
    expect(await read('dog\r\n\n#Boat: a boat at sea\nDog: a big dog\n')).toEqual([
      { tag: 'dog', display: 'Dog', text: 'a big dog' },
      { tag: 'boat', display: 'Boat', text: 'a boat at sea' },
    ])
    expect(readTagLabels(undefined)).toEqual([])
  })

  it.each([
    ['a line that is not a tag', 'dog\nbig dog\n', 'line 2'],
    ['a long text', `dog: ${'a'.repeat(201)}`, 'line 1'],
    ['too many', Array.from({ length: 1_001 }, (_, n) => `tag${n}`).join('\n'), 'more than 1000'],
  ])('refuses %s', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message)
  })

  it('names the setting if there is no such file', () => {
    expect(() => readTagLabels(join(folder, 'none'))).toThrow('AUTO_TAG_LABELS')
  })
})
