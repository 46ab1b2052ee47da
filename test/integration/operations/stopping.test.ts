import { Agent, request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { openApiWorld } from '../../support/worlds/api-world.ts'

describe('stopping', () => {
  it('answers a long poll, refuses new requests and then closes', async () => {
    const world = await openApiWorld()
    const ann = await world.signUp()
    const id = await world.seedPhoto({ ownerId: ann.id, status: 'awaiting_upload' })
    // Two connections of a keep-alive client: one waits in a long poll, one is used while the process stops.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const url = new URL(world.api.url)
    const get = (path: string, using: Agent, token?: string) =>
      new Promise<{ status: number; connection: string | undefined; body: string }>((resolve, reject) => {
        const call = request(
          {
            host: url.hostname,
            port: url.port,
            path,
            agent: using,
            headers: token ? { Authorization: `Bearer ${token}` } : {},
          },
          (response) => {
            let body = ''
            response.on('data', (chunk: Buffer) => (body += chunk.toString()))
            response.on('end', () =>
              resolve({ status: response.statusCode!, connection: response.headers.connection, body }),
            )
          },
        )
        call.on('error', reject)
        call.end()
      })
    const reached = new Promise<void>((resolve) => {
      const { primary } = world.db
      world.db.primary = async (statement) => {
        const rows = await primary(statement)
        if (statement.name === 'photo-cards') resolve()
        return rows as never
      }
    })
    const polling = get(`/v1/photos/${id}/progress?wait=50`, agent, ann.token)
    await reached
    const startedAt = performance.now()
    const stopped = world.api.stop()
    const answer = await polling
    expect(answer).toMatchObject({ status: 200, connection: 'close' })
    expect(JSON.parse(answer.body).status).toBe('awaiting_upload')
    await expect(get('/healthz', new Agent())).rejects.toThrow('ECONNREFUSED')
    await stopped
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    agent.destroy()
    await world.close()
  })

  it('answers 503 on /readyz and closes open connections', async () => {
    const world = await openApiWorld()
    const { koa } = world.api
    const stopping = new AbortController()
    stopping.abort()
    // What a request meets on a connection that was opened before.
    Object.assign(koa.context, { stopping: stopping.signal })
    expect(await world.call('GET', '/readyz')).toMatchObject({ status: 503, body: { status: 'stopping' } })
    expect((await world.call('GET', '/healthz')).status).toBe(200)
    const refused = await world.call('GET', '/v1/feed')
    expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(refused.headers.get('Retry-After')).toBe('1')
    expect(refused.headers.get('Connection')).toBe('close')
    await world.close()
  })
})
