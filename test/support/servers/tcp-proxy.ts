import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Stands before a server, and can have it vanish. */
export interface TcpProxy {
  /** The URL of the server, by way of the proxy. */
  url: string
  /** From now on nothing comes through, and nothing tells either side: no FIN, no RST. */
  silence(): void
  /** New connections come through again; old ones stay silent. */
  recover(): void
  close(): void
}

export async function proxyTo(url: string): Promise<TcpProxy> {
  const target = new URL(url)
  const sockets: Socket[] = []
  let silent = new AbortController()
  const server = createServer((client) => {
    const { signal } = silent
    const upstream = connect(Number(target.port), target.hostname)
    sockets.push(client, upstream)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (bytes) => signal.aborted || to.write(bytes))
      from.on('close', () => signal.aborted || to.destroy())
      from.on('error', () => {})
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxied = new URL(url)
  proxied.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: proxied.href,
    silence: () => silent.abort(),
    recover: () => (silent = new AbortController()),
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
