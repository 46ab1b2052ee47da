import { edge } from './edge.ts'
import { opensearch } from './opensearch.ts'
import { postgresReplica } from './postgres-replica.ts'
import { postgres } from './postgres.ts'
import { seaweedfs } from './seaweedfs.ts'
import { serverNames, type Server, type ServerName } from './server.ts'
import { temporal } from './temporal.ts'
import { valkey } from './valkey.ts'

const all = [postgres, postgresReplica, valkey, seaweedfs, opensearch, temporal, edge]

export const servers = Object.fromEntries(all.map((server) => [server.name, server])) as Record<
  ServerName,
  Server
>

/** @throws when there is no server of that name */
export function serverNamed(name: string): Server {
  const server = servers[name as ServerName]
  if (!server) throw new Error(`no server is called ${name}; there are ${serverNames.join(', ')}`)
  return server
}
