import { createServer, type Server } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { choosePorts, isFree, preferredPorts, type Ports } from './ports.ts'

const listening: Server[] = []

afterEach(async () => {
  await Promise.all(listening.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

it('avoids a taken port and says which it takes instead', async () => {
  const taken = await listenOnAny()
  const { ports, moved } = await choosePorts({ api: taken }, 'random')
  expect(ports.api).not.toBe(taken)
  expect(moved).toEqual([{ name: 'api', wanted: taken, used: ports.api }])
  expect(await isFree(ports.api)).toBe(true)
})

it('keeps a port that this instance itself holds', async () => {
  const taken = await listenOnAny()
  const { ports, moved } = await choosePorts({ api: taken }, 'random', (name) => name === 'api')
  expect(ports.api).toBe(taken)
  expect(moved).toEqual([])
})

it('keeps the ports of an earlier start while they are free', async () => {
  const first = await choosePorts({}, 'random')
  const second = await choosePorts(first.ports, 'random')
  expect(second).toEqual({ ports: first.ports, moved: [] })
})

it('never gives one port to two servers', async () => {
  const same = (await choosePorts({}, 'random')).ports.api
  const kept = Object.fromEntries(Object.keys(preferredPorts).map((name) => [name, same])) as Ports
  const { ports } = await choosePorts(kept, 'random')
  expect(new Set(Object.values(ports)).size).toBe(Object.keys(preferredPorts).length)
})

it('takes random ports below the range of outgoing connections', async () => {
  const { ports } = await choosePorts({}, 'random')
  for (const port of Object.values(ports)) {
    expect(port).toBeGreaterThanOrEqual(20_000)
    expect(port).toBeLessThan(32_768)
  }
})

function listenOnAny(): Promise<number> {
  const server = createServer()
  listening.push(server)
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
}
