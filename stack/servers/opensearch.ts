import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownByServers } from '../instance/unprivileged.ts'
import { dataFolder, ensureFolder, putAsideOtherFormat } from './data-folder.ts'
import type { Server } from './server.ts'

const heap = '512m'

export const opensearch: Server = {
  name: 'opensearch',
  needs: [],
  ports: ['opensearch', 'opensearchTransport'],
  readyTimeoutMs: 120_000,
  stopSignal: 'SIGTERM',
  stopGraceMs: 10_000,
  orphanSignal: 'TERM',

  async prepare(context) {
    putAsideOtherFormat(context, 'opensearch', 'opensearch 3')
    const folder = ensureFolder(dataFolder(context, 'opensearch'))
    const config = join(folder, 'config')
    for (const name of ['config', 'data', 'logs', 'tmp']) mkdirSync(join(folder, name), { recursive: true })
    // Only our JVM writes here; a lock left by kill -9 is harmless, a truncated keystore is not.
    rmSync(join(config, 'opensearch.keystore.tmp'), { force: true })
    const log4j = join(context.stack.opensearchHome, 'config', 'log4j2.properties')
    if (existsSync(log4j)) copyFileSync(log4j, join(config, 'log4j2.properties'))
    const settings = {
      'cluster.name': 'darkroom',
      'node.name': 'darkroom-1',
      'path.data': join(folder, 'data'),
      'path.logs': join(folder, 'logs'),
      'network.host': '127.0.0.1',
      'http.port': context.ports.opensearch,
      'transport.port': context.ports.opensearchTransport,
      'discovery.type': 'single-node',
      // A developer's disk is often fuller than the watermarks, which would make every index read-only.
      'cluster.routing.allocation.disk.threshold_enabled': false,
      // An index made by accident, without the template's mapping, would answer searches wrongly.
      'action.auto_create_index': false,
      'node.store.allow_mmap': false,
    }
    const lines = Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    writeFileSync(join(config, 'opensearch.yml'), `${lines.join('\n')}\n`)
    ownByServers(folder)
  },

  command(context) {
    const home = context.stack.opensearchHome
    const folder = dataFolder(context, 'opensearch')
    return {
      // The launch scripts only compute this line; without them the JVM is our child and dies with us.
      account: 'nobody' as const,
      file: context.stack.java,
      args: [
        ...[
          '-Xshare:auto',
          `-Xms${heap}`,
          `-Xmx${heap}`,
          '-XX:+UseG1GC',
          '-XX:TieredStopAtLevel=4',
          '-Xss1m',
        ],
        ...[
          '-XX:G1ReservePercent=25',
          '-XX:InitiatingHeapOccupancyPercent=30',
          '-XX:+ExitOnOutOfMemoryError',
        ],
        `-Djava.io.tmpdir=${join(folder, 'tmp')}`,
        ...['-Dopensearch.networkaddress.cache.ttl=60', '-Dopensearch.networkaddress.cache.negative.ttl=10'],
        ...[
          '-Djava.awt.headless=true',
          '-Dfile.encoding=UTF-8',
          '-Djna.nosys=true',
          '-XX:-OmitStackTraceInFastThrow',
        ],
        ...['-Dio.netty.noUnsafe=true', '-Dio.netty.noKeySetOptimization=true'],
        ...['-Dio.netty.recycler.maxCapacityPerThread=0', '-Dio.netty.allocator.numDirectArenas=0'],
        ...['-Dlog4j.shutdownHookEnabled=false', '-Dlog4j2.disable.jmx=true'],
        '-Djava.locale.providers=SPI,CLDR',
        '-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1',
        `-javaagent:${join(home, 'agent', 'opensearch-agent.jar')}`,
        `-Dopensearch.path.home=${home}`,
        `-Dopensearch.path.conf=${join(folder, 'config')}`,
        ...['-Dopensearch.distribution.type=zip', '-Dopensearch.bundled_jdk=false'],
        ...['-cp', join(home, 'lib', '*'), 'org.opensearch.bootstrap.OpenSearch'],
      ],
      cwd: folder,
    }
  },

  async probe({ ports }) {
    const url = `http://127.0.0.1:${ports.opensearch}/_cluster/health?wait_for_status=yellow&timeout=1s`
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) })
    if (!response.ok) throw new Error(`its health answers ${response.status}`)
  },
}
