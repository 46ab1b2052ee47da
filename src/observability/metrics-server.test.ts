import { networkInterfaces } from 'node:os'
import { Counter, register } from 'prom-client'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { startMetricsServer, type MetricsServer, type MetricsServerOptions } from './metrics-server.ts'

const probe = new Counter({ name: 'darkroom_probe_total', help: 'Of this test.' })
// Another file checks the metrics of its process.
afterAll(() => register.removeSingleMetric('darkroom_probe_total'))
const running: MetricsServer[] = []

async function serve(options: Partial<MetricsServerOptions> = {}): Promise<MetricsServer> {
  const server = await startMetricsServer({ host: '127.0.0.1', port: 0, token: 'right', ...options })
  running.push(server)
  return server
}

describe('metrics of a worker', () => {
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.close()))
  })

  it('are served on a free port to this machine, as Prometheus reads them', async () => {
    probe.inc(3)
    const { url } = await serve()
    const response = await fetch(url)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(await response.text()).toMatch(/^darkroom_probe_total 3$/m)
  })

  it('use different ports on one host', async () => {
    const [one, other] = await Promise.all([serve(), serve()])
    expect(one.url).not.toBe(other.url)
  })

  it('fail when the port is taken', async () => {
    const { url } = await serve()
    await expect(serve({ port: Number(new URL(url).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('require the token from behind a proxy', async () => {
    const { url } = await serve()
    const passedOn = { 'X-Forwarded-For': '203.0.113.9' }
    const statusOf = async (headers: Record<string, string>) => (await fetch(url, { headers })).status
    expect(await statusOf(passedOn)).toBe(401)
    expect(await statusOf({ ...passedOn, Authorization: 'Bearer wrong' })).toBe(401)
    expect(await statusOf({ ...passedOn, Authorization: 'Bearer right' })).toBe(200)
  })

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)
  it.skipIf(!outside)('require the token on any address but loopback', async () => {
    const { url } = await serve({ host: '0.0.0.0' })
    const reached = url.replace('0.0.0.0', outside!.address)
    expect((await fetch(reached)).status).toBe(401)
    expect((await fetch(reached, { headers: { Authorization: 'Bearer right' } })).status).toBe(200)
  })

  it('serve nothing else', async () => {
    const { url } = await serve()
    expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404)
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  })

  it('include what is appended, and survive its failure', async () => {
    probe.inc()
    const both = await serve({ append: async () => 'temporal_probe 1\n' })
    expect(await (await fetch(both.url)).text()).toMatch(/^temporal_probe 1$/m)
    const alone = await serve({ append: () => Promise.reject(new Error('away')) })
    const response = await fetch(alone.url)
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('darkroom_probe_total')
  })

  it('do not wait for idle clients when they close', async () => {
    const { url, close } = await serve()
    await (await fetch(url, { headers: { Connection: 'keep-alive' } })).text()
    await close()
    await expect(fetch(url)).rejects.toThrow()
  })
})
