import { describe, expect, it } from 'vitest'
import { answering } from '../../../test/support/servers/classifier-server.ts'
import { pictureServiceWorldOfFile } from '../../../test/support/worlds/picture-service-world.ts'
import { sharp } from '../image/sharp.ts'
import { createHttpClassifier, type HttpClassifierOptions } from './http-classifier.ts'

const world = pictureServiceWorldOfFile()

const classifierOf = (options: Partial<HttpClassifierOptions> = {}) =>
  createHttpClassifier(world.images, { url: `${world.server.url}/v1/classify`, ...world.options, ...options })

const classify = (options?: Partial<HttpClassifierOptions>) => classifierOf(options).classify(world.photo)

describe('createHttpClassifier', () => {
  it('sends the picture alone, and returns what is said of it', async () => {
    world.server.answer = answering({
      model: 'remote',
      version: '7',
      scores: { nsfw: 0.25 },
      more: 'ignored',
    })
    expect(await classify({ token: 'a token' })).toEqual({
      model: 'remote',
      version: '7',
      scores: { nsfw: 0.25 },
    })
    const { method, path, headers, body } = world.server.received.at(-1)!
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
    const before = world.server.received.length
    world.server.answer = (response) =>
      response.writeHead(302, { Location: `${world.server.url}/elsewhere` }).end()
    await expect(classify()).rejects.toThrow('status 302')
    expect(world.server.received).toHaveLength(before + 1)
  })

  it('reaches no private address that is not named, be it behind a name or not', async () => {
    const before = world.server.received.length
    await expect(classify({ networks: [] })).rejects.toThrow('not reachable')
    const { port } = new URL(world.server.url)
    await expect(classify({ networks: [], url: `https://127.0.0.1:${port}` })).rejects.toThrow(
      'not reachable',
    )
    await expect(classify({ networks: [], url: `https://[::1]:${port}` })).rejects.toThrow('not reachable')
    expect(world.server.received).toHaveLength(before)
  })

  it('refuses an address without https', () => {
    expect(() => classifierOf({ url: 'http://classifier.example' })).toThrow(RangeError)
  })

  it.each([
    ['scores above 1', { model: 'm', version: '1', scores: { nsfw: 1.5 } }],
    ['no version', { model: 'm', scores: { nsfw: 0.5 } }],
    ['no object', 'fine'],
  ])('refuses an answer with %s', async (_, body) => {
    world.server.answer = answering(body)
    await expect(classify()).rejects.toThrow('no classification')
  })

  it('gives up an answer that does not end', async () => {
    world.server.answer = (response) => {
      const more = () => !response.destroyed && response.write('x'.repeat(16_384), () => setImmediate(more))
      more()
    }
    await expect(classify()).rejects.toThrow('too long')
  })

  it('gives up a server that does not answer in time', async () => {
    world.server.answer = () => undefined
    await expect(classify({ timeoutMs: 100 })).rejects.toThrow()
  })

  it('gives up an answer that stalls', async () => {
    world.server.answer = (response) => {
      response.writeHead(200).write('{')
    }
    await expect(classify({ timeoutMs: 100 })).rejects.toThrow()
  })

  it('ends when it is told to', async () => {
    world.server.answer = () => undefined
    const stop = new AbortController()
    const classified = classifierOf().classify(world.photo, stop.signal)
    stop.abort(new Error('stopped'))
    await expect(classified).rejects.toThrow()
  })
})
