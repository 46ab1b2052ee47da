import { randomInt } from 'node:crypto'
import { statSync } from 'node:fs'
import { createServer } from 'node:net'

/**
 * Every port of an instance with its first choice. Ports that people type have the well-known number, the others one
 * that a locally installed server of the same kind does not use.
 */
export const preferredPorts = {
  api: 3000,
  edge: 8080,
  edgeAdmin: 18480,
  temporal: 7233,
  temporalUi: 8233,
  temporalHttp: 17243,
  temporalMetrics: 17244,
  postgres: 15432,
  postgresReplica: 15433,
  valkey: 16379,
  valkeyBus: 16380,
  opensearch: 19200,
  opensearchTransport: 19300,
  s3: 18333,
  s3Grpc: 18334,
  seaweedMaster: 19333,
  seaweedMasterGrpc: 19334,
  seaweedVolume: 18081,
  seaweedVolumeGrpc: 18082,
  seaweedFiler: 18888,
  seaweedFilerGrpc: 18889,
  orchestrationMetrics: 9464,
  mediaMetrics: 9465,
  fanoutMetrics: 9466,
  fanoutBulkMetrics: 9467,
} as const

export type PortName = keyof typeof preferredPorts
export type Ports = Record<PortName, number>

/** Below the ports that Linux takes for outgoing connections (32768 and up), so that none of those collides. */
const freeRange = { from: 20_000, to: 32_000 }
const maxTries = 500

/** A port that was wanted and the port that is used instead. */
export interface MovedPort {
  name: PortName
  wanted: number
  used: number
}

/**
 * Chooses a port for each name: the one kept from an earlier start, or else the preferred one (for throw-away
 * instances, a random one); a port that is taken is replaced by a free one.
 * @param isOurs names whose port is held by this instance's own running server
 */
export async function choosePorts(
  kept: Partial<Ports>,
  kind: 'preferred' | 'random',
  isOurs: (name: PortName) => boolean = () => false,
): Promise<{ ports: Ports; moved: MovedPort[] }> {
  const ports = {} as Ports
  const moved: MovedPort[] = []
  const used = new Set<number>()
  for (const name of Object.keys(preferredPorts) as PortName[]) {
    const wanted = kept[name] ?? (kind === 'preferred' ? preferredPorts[name] : undefined)
    const keep = wanted !== undefined && !used.has(wanted) && (isOurs(name) || (await isFree(wanted)))
    ports[name] = keep ? wanted : await findFree(wanted, used)
    if (wanted !== undefined && ports[name] !== wanted) moved.push({ name, wanted, used: ports[name] })
    used.add(ports[name])
  }
  return { ports, moved }
}

/** The next free port above the wanted one, so that 3000 becomes 3001; a random one if none was wanted. */
async function findFree(wanted: number | undefined, used: Set<number>): Promise<number> {
  const reserved = new Set<number>(Object.values(preferredPorts))
  for (let tries = 1; tries <= maxTries; tries++) {
    const port = wanted === undefined ? randomInt(freeRange.from, freeRange.to) : wanted + tries
    if (port < 65_536 && !used.has(port) && !reserved.has(port) && (await isFree(port))) return port
  }
  throw new Error('no free port was found')
}

/** Whether a server could listen on the port of the loopback address. */
export async function isFree(port: number): Promise<boolean> {
  return (await canListen(port)) && !hasForeignSocket(port)
}

/**
 * SeaweedFS also listens on sockets /tmp/seaweedfs-<kind>-<port>.sock and leaves them behind when killed. A socket that
 * another account left cannot be replaced and makes SeaweedFS fail.
 */
function hasForeignSocket(port: number): boolean {
  const kinds = ['filer', 's3', 'filer-grpc', 's3-grpc', 'master-grpc', 'volume-grpc']
  const own = process.getuid?.()
  return kinds.some((kind) => {
    const socket = statSync(`/tmp/seaweedfs-${kind}-${port}.sock`, { throwIfNoEntry: false })
    return socket !== undefined && own !== 0 && socket.uid !== own
  })
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
