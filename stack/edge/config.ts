import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AVATAR_SIZE_NAMES } from '../../src/domain/avatars.ts'
import { VARIANT_NAMES, variantSpec } from '../../src/domain/variants.ts'
import { MAX_SIGNED_URL_SECONDS } from '../../src/services/photos/image-url.ts'

/** What one edge needs to know. Paths may be absolute or relative to nginx's prefix (`-p`), which is `directory`. */
export interface EdgeOptions {
  /** Where nginx.conf, edge.js, settings.json and the folders are written. */
  directory: string
  /** Loopback by default. */
  listenHost?: string
  listenPort: number
  /** Where deny, purge and health are answered: never an address that clients reach. Loopback by default. */
  adminHost?: string
  adminPort: number
  origin: {
    /** `http://host:port` or `https://host`; the bucket is addressed path-style. */
    endpoint: string
    region: string
    bucket: string
    /** Needs s3:GetObject on `variants/*` and nothing else. */
    accessKeyId: string
    secretAccessKey: string
  }
  /** CDN_SIGNING_KEY: signs image URLs. */
  signingKey: string
  /** CDN_PURGE_TOKEN: allows deny and purge. */
  purgeToken: string
  /**
   * How long a front CDN may keep a public image, which must be a purge target of the app then; 0, the default, keeps shared
   * caches out.
   */
  sharedSeconds?: number
  /** After so long an entry is asked for anew, and served meanwhile. */
  freshSeconds?: number
  /** Requests a second, and at once, of one network; more are answered 429. */
  requestsPerSecond?: number
  connectionsPerClient?: number
  /** Networks that are not limited, as `10.0.0.0/8`: front CDNs, whose one address stands for many clients. */
  unlimitedFrom?: readonly string[]
  cacheDirectory?: string
  cacheMaxBytes?: number
  denyZoneBytes?: number
  pidPath?: string
  errorLogPath?: string
  accessLogPath?: string
  workers?: number
  /**
   * The account of the workers when the master runs as root. The default is root, since the embedded stack's folders
   * are closed to others; under `unshare --user` the master is not root and null leaves the line out.
   */
  workerUser?: string | null
  /** For an nginx with njs as a dynamic module, as in the official image: `modules/ngx_http_js_module.so`. */
  jsModulePath?: string
  /** Authorities that an https origin's certificate is checked against. */
  caBundlePath?: string
}

/** Where nginx was told to find things. */
export interface RenderedEdge {
  directory: string
  configPath: string
  /** Arguments that start this edge in the foreground: `nginx ...args`. SIGQUIT drains, SIGTERM stops, SIGHUP reloads. */
  args: string[]
  pidPath: string
  errorLogPath: string
  accessLogPath: string
  cacheDirectory: string
}

/** Denied objects are deleted and purged long before this: a signed URL lives 10 minutes, a narrowing takes seconds. */
const DENY_SECONDS = 3600
/** About 16,200 photos denied within the hour (measured); beyond that a deny answers 507 until entries expire. */
const DEFAULT_DENY_ZONE_BYTES = 4 * 1024 ** 2
const DENY_STATE_PATH = 'state/deny.json'
/** How long a deny may wait for its lock or for the state file, which nginx writes within a second. */
const DENY_ANSWER_MS = 4000
/** A lock is held for microseconds; this frees it when its worker is killed. */
const DENY_LOCK_MS = 1000
/** How far the clocks of signer and edge may differ. */
const CLOCK_SKEW_SECONDS = 60
/** Smallest first: whoever saves data gets the size before the one that they ask for. */
const widthOf = (name: (typeof VARIANT_NAMES)[number]) => variantSpec(name, 'jpeg').box.width
const SIZES = VARIANT_NAMES.toSorted((one, other) => widthOf(one) - widthOf(other))
/** What pages with hundreds of images in many tabs, behind one address, stay well below. */
const DEFAULT_REQUESTS_PER_SECOND = 500
const DEFAULT_CONNECTIONS_PER_CLIENT = 256
/** Of all clients together, so that fetches from the origin and administration find room beside them. */
const CONNECTIONS = 3000
const DEFAULT_FRESH_SECONDS = 30 * 24 * 3600
/** Where an edge that listens everywhere reaches itself. */
const LOOPBACK_OF: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' }
const DEFAULT_CACHE_BYTES = 1024 ** 3
const MIN_SECRET_LENGTH = 16

/**
 * Writes everything that `nginx -p <directory> -c nginx.conf` needs into `directory`. May be called again for a
 * running edge, followed by SIGHUP; cache and deny table are kept.
 *
 * @throws RangeError for a value that nginx could misread
 */
export async function renderEdgeConfig(options: EdgeOptions): Promise<RenderedEdge> {
  const cacheDirectory = options.cacheDirectory ?? 'cache'
  const pidPath = options.pidPath ?? 'nginx.pid'
  const errorLogPath = options.errorLogPath ?? 'logs/error.log'
  const accessLogPath = options.accessLogPath ?? 'logs/access.log'
  const [template, object, script] = await Promise.all(
    ['./nginx.conf.template', './object.conf.template', './edge.js'].map((name) =>
      readFile(new URL(name, import.meta.url), 'utf8'),
    ),
  )
  const origin = readOrigin(options.origin.endpoint, options.origin.bucket)
  const settings = readSettings(options, origin, cacheDirectory)

  const host = options.listenHost ?? '127.0.0.1'
  const adminHost = options.adminHost ?? '127.0.0.1'
  if (options.adminPort === options.listenPort) throw new RangeError('adminPort: clients reach listenPort')
  const perSecond = positive(options.requestsPerSecond ?? DEFAULT_REQUESTS_PER_SECOND, 'requestsPerSecond')
  const values: Record<string, string | number> = {
    mainDirectives: mainDirectives(options),
    workers: positive(options.workers ?? 2, 'workers'),
    pidPath: safePath(pidPath),
    errorLogPath: safePath(errorLogPath),
    accessLogPath: safePath(accessLogPath),
    cacheDirectory: safePath(cacheDirectory),
    cacheMaxBytes: positive(options.cacheMaxBytes ?? DEFAULT_CACHE_BYTES, 'cacheMaxBytes'),
    denyZoneBytes: positive(options.denyZoneBytes ?? DEFAULT_DENY_ZONE_BYTES, 'denyZoneBytes'),
    denySeconds: DENY_SECONDS,
    denyStatePath: DENY_STATE_PATH,
    listen: safeWord(`${host}:${positive(options.listenPort, 'listenPort')}`),
    adminListen: safeWord(`${adminHost}:${positive(options.adminPort, 'adminPort')}`),
    adminAddress: safeWord(`${LOOPBACK_OF[adminHost] ?? adminHost}:${options.adminPort}`),
    requestsPerSecond: perSecond,
    requestsBurst: 2 * perSecond,
    connectionsPerClient: positive(
      options.connectionsPerClient ?? DEFAULT_CONNECTIONS_PER_CLIENT,
      'connectionsPerClient',
    ),
    connections: CONNECTIONS,
    unlimitedFrom: (options.unlimitedFrom ?? [])
      .map((network) => `${safeNetwork(network)} 1;`)
      .join('\n        '),
    freshSeconds: positive(options.freshSeconds ?? DEFAULT_FRESH_SECONDS, 'freshSeconds'),
    originScheme: origin.scheme,
    originAddress: origin.address,
    originHost: origin.hostHeader,
    bucketPath: origin.bucketPath,
    originTlsDirectives: origin.scheme === 'https' ? tlsDirectives(origin, options.caBundlePath) : '',
  }

  const { directory } = options
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const folders = ['logs', 'state', 'temp', cacheDirectory]
  await Promise.all(folders.map((name) => mkdir(absolute(directory, name), { recursive: true, mode: 0o700 })))
  await writeFile(join(directory, 'settings.json'), JSON.stringify(settings), { mode: 0o600 })
  await writeFile(join(directory, 'edge.js'), script!)
  await writeFile(join(directory, 'object.conf'), fill(object!, values))
  await writeFile(join(directory, 'nginx.conf'), fill(template!, values))

  const configPath = join(directory, 'nginx.conf')
  return {
    directory,
    configPath,
    args: ['-p', directory, '-c', configPath],
    pidPath: absolute(directory, pidPath),
    errorLogPath: absolute(directory, errorLogPath),
    accessLogPath: absolute(directory, accessLogPath),
    cacheDirectory: absolute(directory, cacheDirectory),
  }
}

interface Origin {
  scheme: 'http' | 'https'
  address: string
  hostHeader: string
  hostname: string
  bucketPath: string
}

function readOrigin(endpoint: string, bucket: string): Origin {
  const url = new URL(endpoint)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new RangeError('S3 endpoint: not http or https')
  if (url.pathname !== '/' || url.search || url.username)
    throw new RangeError('S3 endpoint: only scheme, host, port')
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw new RangeError('Not a bucket name')
  const scheme = url.protocol === 'https:' ? 'https' : 'http'
  const port = url.port || (scheme === 'https' ? '443' : '80')
  return {
    scheme,
    address: safeWord(`${url.hostname}:${port}`),
    hostHeader: safeWord(url.host),
    hostname: safeWord(url.hostname),
    bucketPath: `/${bucket}`,
  }
}

/** What edge.js reads as `settings`. */
function readSettings(options: EdgeOptions, origin: Origin, cacheDirectory: string) {
  for (const name of ['signingKey', 'purgeToken'] as const) {
    if (options[name].length < MIN_SECRET_LENGTH) throw new RangeError(`${name}: too short`)
  }
  const sharedSeconds = options.sharedSeconds ?? 0
  if (!Number.isSafeInteger(sharedSeconds) || sharedSeconds < 0)
    throw new RangeError('sharedSeconds: not a time')
  return {
    signingKey: options.signingKey,
    purgeToken: options.purgeToken,
    maxSignedSeconds: MAX_SIGNED_URL_SECONDS,
    clockSkewSeconds: CLOCK_SKEW_SECONDS,
    denyStatePath: DENY_STATE_PATH,
    denyAnswerMs: DENY_ANSWER_MS,
    denyLockMs: DENY_LOCK_MS,
    sizes: [SIZES, AVATAR_SIZE_NAMES],
    sharedSeconds,
    writtenFolders: ['state', 'temp', cacheDirectory],
    origin: {
      host: origin.hostHeader,
      bucketPath: origin.bucketPath,
      region: options.origin.region,
      accessKeyId: options.origin.accessKeyId,
      secretAccessKey: options.origin.secretAccessKey,
    },
  }
}

function mainDirectives(options: EdgeOptions): string {
  const user =
    options.workerUser === undefined ? (process.getuid?.() === 0 ? 'root' : null) : options.workerUser
  const lines = []
  if (options.jsModulePath) lines.push(`load_module "${safePath(options.jsModulePath)}";`)
  if (user) lines.push(`user ${safeWord(user)}${user === 'root' ? ' root' : ''};`)
  return lines.join('\n')
}

function tlsDirectives(origin: Origin, caBundlePath = '/etc/ssl/certs/ca-certificates.crt'): string {
  return [
    'proxy_ssl_server_name on;',
    `proxy_ssl_name ${origin.hostname};`,
    'proxy_ssl_verify on;',
    'proxy_ssl_verify_depth 4;',
    `proxy_ssl_trusted_certificate "${safePath(caBundlePath)}";`,
  ].join('\n')
}

function fill(template: string, values: Record<string, string | number>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new RangeError(`A template asks for unknown ${name}`)
    return String(value)
  })
}

function absolute(directory: string, path: string): string {
  return path.startsWith('/') ? path : join(directory, path)
}

/** Inside double quotes nginx still expands `$` and backslashes. */
function safePath(path: string): string {
  if (!/^[^"$\\{};\p{Cc}]+$/u.test(path))
    throw new RangeError('A path has characters that nginx would interpret')
  return path
}

function safeWord(word: string): string {
  if (!/^[A-Za-z0-9._:[\]-]+$/.test(word))
    throw new RangeError('A name has characters that nginx would interpret')
  return word
}

function safeNetwork(network: string): string {
  if (!/^[0-9A-Fa-f.:]+(?:\/\d{1,3})?$/.test(network)) throw new RangeError('Not a network')
  return network
}

function positive(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name}: not a positive integer`)
  return value
}
