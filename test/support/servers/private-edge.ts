import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { expect, vi } from 'vitest'
import { renderEdgeConfig, type EdgeOptions } from '../../../stack/edge/config.ts'
import { proxyTo, type TcpProxy } from './tcp-proxy.ts'
import { setting } from '../worlds/edge-world.ts'

/** The nginx that the tests may start edges of their own with. */
export const nginxBinary = process.env.DARKROOM_NGINX_BIN ?? process.env.NGINX_PATH

/** Both listeners of an edge, by way of proxies that can have it vanish. */
export interface ProxiedEdge extends Pick<TcpProxy, 'silence' | 'recover' | 'close'> {
  url: string
  adminUrl: string
}

export async function proxyToEdge({ url, adminUrl }: PrivateEdge): Promise<ProxiedEdge> {
  const [shown, admin] = await Promise.all([proxyTo(url), proxyTo(adminUrl)])
  const both = (act: (proxy: TcpProxy) => void) => () => [shown, admin].forEach(act)
  return {
    url: shown.url,
    adminUrl: admin.url,
    silence: both((proxy) => proxy.silence()),
    recover: both((proxy) => proxy.recover()),
    close: both((proxy) => proxy.close()),
  }
}

/** The settings of an app that has these edges. */
export const edgeSettings = (edges: readonly { url: string; adminUrl: string }[]) => ({
  CDN_EDGE_URLS: edges.map(({ url }) => url).join(','),
  CDN_EDGE_ADMIN_URLS: edges.map(({ adminUrl }) => adminUrl).join(','),
})

/** An edge of one test file, before the real bucket, that may be stopped and killed. */
export class PrivateEdge {
  readonly url: string
  readonly adminUrl: string
  private readonly options: EdgeOptions
  private nginx: ChildProcess | undefined

  private constructor(options: EdgeOptions) {
    this.options = options
    this.url = `http://127.0.0.1:${options.listenPort}`
    this.adminUrl = `http://127.0.0.1:${options.adminPort}`
  }

  static async start(overrides: Partial<EdgeOptions> = {}): Promise<PrivateEdge> {
    const edge = new PrivateEdge({
      directory: await mkdtemp(join(tmpdir(), 'darkroom-edge-')),
      listenPort: await getPort(),
      adminPort: await getPort(),
      origin: {
        endpoint: setting('S3_ENDPOINT'),
        region: setting('S3_REGION'),
        bucket: setting('S3_BUCKET'),
        accessKeyId: setting('EDGE_S3_ACCESS_KEY_ID'),
        secretAccessKey: setting('EDGE_S3_SECRET_ACCESS_KEY'),
      },
      signingKey: setting('CDN_SIGNING_KEY'),
      purgeToken: setting('CDN_PURGE_TOKEN'),
      ...overrides,
    })
    await edge.run()
    return edge
  }

  /** Starts nginx on what an earlier run left on disk. */
  async run(): Promise<void> {
    const { args } = await renderEdgeConfig(this.options)
    // A group of its own: killed with -9, nginx's master would leave its workers listening.
    this.nginx = spawn(nginxBinary!, args, { detached: true, stdio: 'ignore' })
    await this.untilHealthy()
  }

  /** Takes the origin away (a port that nothing listens on) or gives it back, by a reload that keeps the cache. */
  async reload(origin: 'up' | 'down'): Promise<void> {
    const endpoint = origin === 'up' ? this.options.origin.endpoint : `http://127.0.0.1:${await getPort()}`
    await renderEdgeConfig({ ...this.options, origin: { ...this.options.origin, endpoint } })
    const before = await this.workers()
    process.kill(this.nginx!.pid!, 'SIGHUP')
    await expect
      .poll(async () => (await this.workers()).some((pid) => before.includes(pid)), { timeout: 10_000 })
      .toBe(false)
    await this.untilHealthy()
  }

  async stop(): Promise<void> {
    if (!this.nginx || this.nginx.exitCode !== null) return
    const exited = once(this.nginx, 'exit')
    process.kill(this.nginx.pid!, 'SIGQUIT')
    await exited
  }

  /** Ends master and workers without a chance to save anything. */
  async killHard(): Promise<void> {
    const exited = once(this.nginx!, 'exit')
    process.kill(-this.nginx!.pid!, 'SIGKILL')
    await exited
  }

  async logs(): Promise<string> {
    const names = ['access.log', 'error.log']
    const texts = await Promise.all(
      names.map((name) => readFile(join(this.options.directory, 'logs', name), 'utf8')),
    )
    return texts.join('')
  }

  /** The files of its cache, each with the key that it is cached under. */
  async cached(): Promise<string[]> {
    const files = await readdir(join(this.options.directory, 'cache'), {
      recursive: true,
      withFileTypes: true,
    })
    return Promise.all(
      files
        .filter((file) => file.isFile())
        .map(async ({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')),
    )
  }

  async remove(): Promise<void> {
    await this.stop()
    await rm(this.options.directory, { recursive: true, force: true })
  }

  private async workers(): Promise<string[]> {
    const master = this.nginx!.pid!
    const children = await readFile(`/proc/${master}/task/${master}/children`, 'utf8')
    return children.trim().split(' ')
  }

  private async untilHealthy(): Promise<void> {
    await vi.waitFor(
      async () => {
        const answer = await fetch(`${this.adminUrl}/_edge/health`)
        if (answer.status !== 200) throw new Error(`the edge answers ${answer.status}`)
      },
      { timeout: 10_000 },
    )
  }
}
