import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import { imageUrl } from '../src/services/photos/image-url.ts'
import { renderEdgeConfig } from '../stack/edge/config.ts'
import { ensureStack } from '../stack/install/install.ts'

/** An edge as we configure it, before an origin that is a plain nginx with files in a folder. */
export interface BenchEdge {
  url: string
  /** Serves the same files without checks and cache: `<originUrl>/photos/<key>`. */
  originUrl: string
  /** Stores a file at the origin. */
  store(key: string, bytes: Buffer): Promise<void>
  /** Path and query of a public image at the edge. */
  pathOf(key: string): string
  /** How often the origin was asked for each path. */
  originFetches(): Promise<Map<string, number>>
  close(): Promise<void>
}

const SIGNING_KEY = 'a-signing-key-of-the-benchmark'

export async function startEdge(): Promise<BenchEdge> {
  const { nginx } = await ensureStack((line) => console.error(`stack: ${line}`))
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-bench-edge-'))
  const [edgePort, adminPort, originPort] = [await getPort(), await getPort(), await getPort()]
  const origin = join(folder, 'origin')
  const files = join(origin, 'files')
  await mkdir(join(origin, 'temp'), { recursive: true })
  await mkdir(join(files, 'photos'), { recursive: true })
  await writeFile(join(origin, 'nginx.conf'), originConfig(originPort, files))
  const { args } = await renderEdgeConfig({
    directory: join(folder, 'edge'),
    listenPort: edgePort,
    adminPort,
    origin: {
      endpoint: `http://127.0.0.1:${originPort}`,
      region: 'us-east-1',
      bucket: 'photos',
      accessKeyId: 'nobody-checks',
      secretAccessKey: 'nobody-checks',
    },
    signingKey: SIGNING_KEY,
    purgeToken: 'a-purge-token-of-the-benchmark',
    // All clients of a benchmark have one address.
    unlimitedFrom: ['127.0.0.0/8'],
  })
  const processes = [run(nginx, ['-p', origin, '-c', join(origin, 'nginx.conf')]), run(nginx, args)]
  await Promise.all([answers(`http://127.0.0.1:${originPort}/`), answers(`http://127.0.0.1:${edgePort}/`)])

  return {
    url: `http://127.0.0.1:${edgePort}`,
    originUrl: `http://127.0.0.1:${originPort}`,
    async store(key, bytes) {
      const file = join(files, 'photos', key)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, bytes)
    },
    pathOf: (key) =>
      imageUrl({
        baseUrl: '',
        key,
        accessEpoch: 1,
        owner: { userId: '7', accessEpoch: 1 },
        isPublic: true,
        signingKey: SIGNING_KEY,
        now: new Date(),
      }).url,
    async originFetches() {
      const fetches = new Map<string, number>()
      for (const path of (await readFile(join(origin, 'access.log'), 'utf8')).split('\n').filter(Boolean))
        fetches.set(path, (fetches.get(path) ?? 0) + 1)
      return fetches
    },
    async close() {
      await Promise.all(processes.map(stop))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The same workers and file system as the edge has; it logs the path alone, and only what the edge asks for. */
const originConfig = (port: number, files: string) => `
${process.getuid?.() === 0 ? 'user root root;' : ''}
daemon off;
worker_processes 2;
pid nginx.pid;
error_log error.log emerg;
worker_rlimit_nofile 16384;
events { worker_connections 4096; }
http {
  types { image/webp webp; image/jpeg jpeg; }
  log_format path '$uri';
  map $http_x_amz_date $is_edge { default 1; '' 0; }
  access_log access.log path if=$is_edge;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
  server { listen 127.0.0.1:${port}; root "${files}"; }
}
`

function run(file: string, args: readonly string[]): ChildProcess {
  return spawn(file, args, { stdio: 'ignore' })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

const START_MS = 10_000

async function answers(url: string): Promise<void> {
  for (const deadline = Date.now() + START_MS; ; await sleep(50)) {
    const isUp = await fetch(url).then(
      (response) => response.body?.cancel().then(() => true) ?? true,
      () => false,
    )
    if (isUp) return
    if (Date.now() > deadline) throw new Error(`${url} did not start`)
  }
}
