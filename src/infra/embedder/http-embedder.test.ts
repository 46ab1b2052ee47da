import { describe, expect, it } from 'vitest'
import { answering } from '../../../test/support/servers/classifier-server.ts'
import { pictureServiceWorldOfFile } from '../../../test/support/worlds/picture-service-world.ts'
import { sharp } from '../image/sharp.ts'
import { createHttpEmbedder, type HttpEmbedderOptions } from './http-embedder.ts'

const world = pictureServiceWorldOfFile()

const embedderOf = (options: Partial<HttpEmbedderOptions> = {}) =>
  createHttpEmbedder(world.images, { url: `${world.server.url}/v1/embed`, ...world.options, ...options })

describe('createHttpEmbedder', () => {
  it('sends a picture alone, and returns its vector', async () => {
    world.server.answer = answering({ model: 'remote', version: '7', vectors: [[0.5, -0.25]] })
    expect(await embedderOf({ token: 'a token' }).ofPicture(world.photo)).toEqual({
      model: 'remote',
      version: '7',
      vectors: [Float32Array.of(0.5, -0.25)],
    })
    const { path, headers, body } = world.server.received.at(-1)!
    expect([path, headers['content-type'], headers.authorization]).toEqual([
      '/v1/embed',
      'image/jpeg',
      'Bearer a token',
    ])
    expect(await sharp(body).metadata()).toMatchObject({ width: 512, height: 341 })
    expect(body.includes('Lovelace')).toBe(false)
  })

  it('sends texts, and returns a vector for each', async () => {
    world.server.answer = answering({
      model: 'remote',
      version: '7',
      vectors: [
        [1, 0],
        [0, 1],
      ],
    })
    const { vectors } = await embedderOf().ofTexts(['a dog', 'zürich'])
    expect(vectors).toEqual([Float32Array.of(1, 0), Float32Array.of(0, 1)])
    const { headers, body } = world.server.received.at(-1)!
    expect(headers['content-type']).toBe('application/json')
    expect(JSON.parse(body.toString())).toEqual({ texts: ['a dog', 'zürich'] })
  })

  it.each([
    ['no vector', { model: 'm', version: '1', vectors: [] }],
    [
      'two vectors for one text',
      {
        model: 'm',
        version: '1',
        vectors: [
          [1, 2],
          [1, 2],
        ],
      },
    ],
    ['a vector without direction', { model: 'm', version: '1', vectors: [[0, 0]] }],
    ['a vector of 10,000 numbers', { model: 'm', version: '1', vectors: [Array(10_000).fill(1)] }],
    ['something else than numbers', { model: 'm', version: '1', vectors: [[1, null]] }],
    ['no version', { model: 'm', vectors: [[1, 2]] }],
    ['no object', 'fine'],
  ])('refuses an answer with %s', async (_, body) => {
    world.server.answer = answering(body)
    await expect(embedderOf().ofTexts(['a dog'])).rejects.toThrow('no embeddings')
  })

  it('follows no redirect, and reaches no private address', async () => {
    const before = world.server.received.length
    world.server.answer = (response) =>
      response.writeHead(302, { Location: `${world.server.url}/elsewhere` }).end()
    await expect(embedderOf().ofTexts(['a dog'])).rejects.toThrow('status 302')
    await expect(embedderOf({ networks: [] }).ofTexts(['a dog'])).rejects.toThrow('not reachable')
    expect(world.server.received).toHaveLength(before + 1)
    expect(() => embedderOf({ url: 'http://embedder.example' })).toThrow(RangeError)
  })

  it('gives up an answer that stalls or does not end', async () => {
    world.server.answer = (response) => void response.writeHead(200).write('{')
    await expect(embedderOf({ timeoutMs: 100 }).ofTexts(['a dog'])).rejects.toThrow()
    world.server.answer = (response) => {
      const more = () => !response.destroyed && response.write('x'.repeat(65_536), () => setImmediate(more))
      more()
    }
    await expect(embedderOf().ofTexts(['a dog'])).rejects.toThrow('too long')
  })
})
