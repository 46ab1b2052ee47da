import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'

describe('requests that Node refuses to parse', () => {
  let world: ApiWorld
  beforeAll(async () => {
    world = await openApiWorld()
  })
  afterAll(() => world?.close())

  /** Sends bytes unchanged; resolves with all that comes back before the connection is closed. */
  async function send(bytes: string): Promise<{ head: string; problem: Record<string, unknown> }> {
    const { hostname, port } = new URL(world.api.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    socket.write(bytes)
    await once(socket, 'close')
    const [head, body] = answer.split('\r\n\r\n')
    return { head: head!, problem: JSON.parse(body!) as Record<string, unknown> }
  }

  it('answer 431 with a problem document to a URL or headers above 16 KiB', async () => {
    const answer = await world.call('GET', `/v1/photos?ids=${'a'.repeat(17 * 1024)}`)
    expect(answer.status).toBe(431)
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
    expect(answer.body).toMatchObject({
      type: 'urn:darkroom:problem:headers_too_large',
      status: 431,
      code: 'headers_too_large',
      requestId: answer.headers.get('X-Request-Id'),
    })
    const headers = { 'X-Anything': 'a'.repeat(17 * 1024) }
    expect((await world.call('GET', '/v1/feed', { headers })).body.code).toBe('headers_too_large')
    // The service continues, even for the same client.
    expect((await world.call('GET', '/healthz')).status).toBe(200)
  })

  it.each(['nonsense\r\n\r\n', 'GET / HTTP/1.1\r\nbad header\r\n\r\n', '\x16\x03\x01\x02\r\n\r\n'])(
    'answer 400 with a problem document to %j',
    async (bytes) => {
      const { head, problem } = await send(bytes)
      expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
      expect(head).toContain('Connection: close')
      expect(problem).toMatchObject({ status: 400, code: 'malformed' })
    },
  )

  it('leave an earlier answer on the same connection intact', async () => {
    const { hostname, port } = new URL(world.api.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    await expect.poll(() => answer).toContain('"ok"')
    socket.write('nonsense\r\n\r\n')
    await once(socket, 'close')
    expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
  })
})

describe('a path without parameters', () => {
  let world: ApiWorld
  beforeAll(async () => {
    world = await openApiWorld()
  })
  afterAll(() => world?.close())

  it.each([
    ['OPTIONS', '/v1/sessions/refresh', ['POST']],
    ['DELETE', '/v1/sessions/refresh', ['POST']],
    ['GET', '/v1/sessions/refresh', ['POST']],
    ['POST', '/v1/sessions/current', ['DELETE']],
    ['OPTIONS', '/v1/sessions/01a2036c-aeb9-7176-8322-8600c64a45cb', ['DELETE']],
    ['OPTIONS', '/v1/photos', ['GET', 'HEAD', 'POST']],
  ])('allows only its own methods: %s %s', async (method, path, allowed) => {
    const answer = await world.call(method, path)
    expect(answer.status).toBe(405)
    expect(answer.headers.get('Allow')!.split(', ').sort()).toEqual(allowed)
  })
})
