import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noisyImage } from '../../../test/support/factories/images.ts'
import {
  answering,
  startClassifierServer,
  type ClassifierServer,
} from '../../../test/support/servers/classifier-server.ts'
import { smallJpeg } from '../image/small-picture.ts'
import { sharp } from '../image/sharp.ts'
import { createHttpClassifier, type HttpClassifierOptions } from './http-classifier.ts'

const LOOPBACK = ['127.0.0.0/8', '::1/128']
const maxPixels = 50_000_000
let folder: string
let photo: string
let server: ClassifierServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  photo = join(folder, 'photo.jpg')
  const exif = {
    IFD0: { Artist: 'Ada Lovelace' },
    IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 0/1' },
  }
  await writeFile(photo, await noisyImage(900, 600).withExif(exif).jpeg().toBuffer())
  server = await startClassifierServer()
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

/** Decodes here, as the job of the children does. */
const images = { run: (_job: string, file: string) => smallJpeg(file, { maxPixels }) } as never

const classifierOf = (options: Partial<HttpClassifierOptions> = {}) =>
  createHttpClassifier(images, {
    url: `${server.url}/v1/classify`,
    networks: LOOPBACK,
    maxPixels,
    ...options,
  })

const classify = (options?: Partial<HttpClassifierOptions>) => classifierOf(options).classify(photo)

describe('createHttpClassifier', () => {
  it('sends the picture alone, and returns what is said of it', async () => {
    server.answer = answering({ model: 'remote', version: '7', scores: { nsfw: 0.25 }, more: 'ignored' })
    expect(await classify({ token: 'a token' })).toEqual({
      model: 'remote',
      version: '7',
      scores: { nsfw: 0.25 },
    })
    const { method, path, headers, body } = server.received.at(-1)!
    expect([method, path, headers['content-type'], headers.authorization]).toEqual([
      'POST',
      '/v1/classify',
      'image/jpeg',
      'Bearer a token',
    ])
    const { width, height, exif } = await sharp(body).metadata()
    expect({ width, height, exif }).toEqual({ width: 512, height: 341, exif: undefined })
    expect(body.includes('Lovelace')).toBe(false)
  })

  it('follows no redirect', async () => {
    const before = server.received.length
    server.answer = (response) => response.writeHead(302, { Location: `${server.url}/elsewhere` }).end()
    await expect(classify()).rejects.toThrow('status 302')
    expect(server.received).toHaveLength(before + 1)
  })

  it('reaches no private address that is not named, be it behind a name or not', async () => {
    const before = server.received.length
    await expect(classify({ networks: [] })).rejects.toThrow('not reachable')
    const { port } = new URL(server.url)
    await expect(classify({ networks: [], url: `https://127.0.0.1:${port}` })).rejects.toThrow(
      'not reachable',
    )
    await expect(classify({ networks: [], url: `https://[::1]:${port}` })).rejects.toThrow('not reachable')
    expect(server.received).toHaveLength(before)
  })

  it('refuses an address without https', () => {
    expect(() => classifierOf({ url: 'http://classifier.example' })).toThrow(RangeError)
  })

  it.each([
    ['scores above 1', { model: 'm', version: '1', scores: { nsfw: 1.5 } }],
    ['no version', { model: 'm', scores: { nsfw: 0.5 } }],
    ['no object', 'fine'],
  ])('refuses an answer with %s', async (_, body) => {
    server.answer = answering(body)
    await expect(classify()).rejects.toThrow('no classification')
  })

  it('gives up an answer that does not end', async () => {
    server.answer = (response) => {
      const more = () => !response.destroyed && response.write('x'.repeat(16_384), () => setImmediate(more))
      more()
    }
    await expect(classify()).rejects.toThrow('too long')
  })

  it('gives up a server that does not answer in time', async () => {
    server.answer = () => undefined
    await expect(classify({ timeoutMs: 100 })).rejects.toThrow()
  })

  it('gives up an answer that stalls', async () => {
    server.answer = (response) => {
      response.writeHead(200).write('{')
    }
    await expect(classify({ timeoutMs: 100 })).rejects.toThrow()
  })

  it('ends when it is told to', async () => {
    server.answer = () => undefined
    const stop = new AbortController()
    const classified = classifierOf().classify(photo, stop.signal)
    stop.abort(new Error('stopped'))
    await expect(classified).rejects.toThrow()
  })
})
