import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A path to a server that a test can make silent, or slow. */
export interface StallingProxy {
  port: number
  /** What clients send waits until `heal`: from now on, or from the first that contains `text`. */
  stall(text?: string): void
  heal(): void
  /** What clients send is passed on so much later, in order. */
  slowDown(ms: number): void
  close(): void
}

/** @param target where the path leads: `host:port` */
export async function startStallingProxy(target: { hostname: string; port: string }): Promise<StallingProxy> {
  let slowMs = 0
  let stallAt: string | undefined
  let healed = Promise.withResolvers<void>()
  healed.resolve()
  const sockets = new Set<Socket>()

  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    let sent = Promise.resolve()
    const inOrder = (send: () => void) => {
      const pause = delay(slowMs)
      sent = sent.then(async () => {
        await pause
        await healed.promise
        if (upstream.writable) send()
      })
    }
    client.on('data', (bytes) => {
      if (stallAt !== undefined && bytes.includes(stallAt)) stall()
      inOrder(() => upstream.write(bytes))
    })
    // What was sent arrives though its sender has hung up.
    client.on('end', () => inOrder(() => upstream.end()))
    upstream.pipe(client)
  })
  function stall(): void {
    stallAt = undefined
    healed = Promise.withResolvers()
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    stall(text) {
      if (text === undefined) stall()
      else stallAt = text
    },
    heal: () => healed.resolve(),
    slowDown(ms) {
      slowMs = ms
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
