import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { settingsSchema } from '../src/config/settings.ts'
import { HOLDERS, type Role } from '../src/config/roles.ts'
import { RETENTION_DAYS } from '../src/infra/temporal/setup.ts'
import { checkoutDir } from './instance/layout.ts'
import { serverNames } from './servers/server.ts'

interface Service {
  image: string
  build?: string
  restart?: string
  command?: string | string[]
  stop_grace_period?: string
  healthcheck?: { test: string[] }
  environment?: Record<string, string | number>
  ports?: string[]
  volumes?: string[]
  depends_on?: Record<string, { condition: string }>
}

const text = readFileSync(join(checkoutDir, 'docker-compose.yml'), 'utf8')
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}
const services = Object.entries(compose.services)
/** Jobs end by themselves; what stays must say whether it is well. */
const lasting = services.filter(([, service]) => service.restart === 'unless-stopped')
const documented = documentedSettings()

describe('docker-compose.yml', () => {
  it('has every server of the embedded stack and every app process', () => {
    const others = [
      'temporal-postgres',
      'temporal-ui',
      'setup',
      'api',
      'orchestration',
      'media',
      'fanout',
      'fanout-bulk',
    ]
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining([...serverNames, ...others]))
    expect(compose.services.temporal?.environment).toMatchObject({ DB: 'postgres12' })
  })

  it.each(services)('%s: pins its image to a full version', (_, { image }) => {
    expect(image).toMatch(/:\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?$/)
  })

  it.each(lasting)('%s: has a health check', (_, { healthcheck }) => {
    expect(healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/)
    expect(healthcheck?.test.length).toBeGreaterThan(1)
  })

  it('counts every service as lasting or as a job that ends', () => {
    const jobs = services
      .filter(([, service]) => service.restart?.startsWith('on-failure'))
      .map(([name]) => name)
    expect(jobs.sort()).toEqual(['bucket', 'edge-config', 'setup', 'temporal-namespace', 'temporal-schema'])
    expect(jobs.length + lasting.length).toBe(services.length)
  })

  it.each(services)('%s: waits for existing services, and for health where checked', (_, service) => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services).toHaveProperty([name])
      const expected = compose.services[name]?.healthcheck
        ? 'service_healthy'
        : 'service_completed_successfully'
      expect(condition).toBe(expected)
    }
  })

  it('publishes API, edge, S3 and Temporal UI on loopback only', () => {
    const published = services.flatMap(([name, service]) => (service.ports ?? []).map((port) => [name, port]))
    expect(published.map(([name]) => name).sort()).toEqual(['api', 'edge', 'seaweedfs', 'temporal-ui'])
    for (const [, port] of published) expect(port).toMatch(/^127\.0\.0\.1:/)
  })

  it.each<[string, Role]>([
    ['bucket', 'command'],
    ['setup', 'command'],
    ['api', 'api'],
    ['orchestration', 'orchestration'],
    ['media', 'media'],
    ['fanout', 'fanout'],
    ['fanout-bulk', 'fanout'],
  ])('%s: gets every setting but the secrets that the role %s does not hold', (name, role) => {
    const holders: Record<string, readonly Role[]> = HOLDERS
    const expected = Object.keys(settingsSchema.shape).filter((name) => holders[name]?.includes(role) ?? true)
    const given = Object.keys(compose.services[name]?.environment ?? {})
    expect(given.sort()).toEqual(expected.sort())
  })

  it('has no secrets: each comes from .env and must be set', () => {
    const secret = /(PASSWORD|SECRET|TOKEN|KEYS?|KEY_ID|PWD)$/
    for (const [, { environment }] of services) {
      for (const [name, value] of Object.entries(environment ?? {})) {
        if (secret.test(name)) expect(`${name}=${value}`).toMatch(/=\$\{[A-Z0-9_]+:(?:\?|-\}$)/)
      }
    }
  })

  it('uses only variables of .env.example, with the same defaults', () => {
    for (const [, name, fallback] of text.matchAll(/\$\{([A-Z0-9_]+)(?::-([^}]*))?/g)) {
      expect(documented).toHaveProperty([name as string])
      const differs = ['NODE_ENV', 'CDN_EDGE_URLS', 'CDN_EDGE_ADMIN_URLS']
      if (fallback && !differs.includes(name as string))
        expect(`${name}=${fallback}`).toBe(`${name}=${documented[name as string]}`)
    }
  })

  it('lets Postgres accept all connections that its processes may hold', () => {
    const allowed = /^max_connections=(\d+)$/
    const { command = [] } = compose.services.postgres ?? {}
    const maxConnections = Number(
      [command]
        .flat()
        .find((part) => allowed.test(part))
        ?.match(allowed)?.[1],
    )
    const processes = services.filter(([, { environment, restart }]) => {
      return restart === 'unless-stopped' && environment && 'DATABASE_POOL_SIZE' in environment
    })
    expect(processes.length).toBe(5)
    // The replica's WAL sender counts apart; 3 connections are the superuser's, and an operator may want some.
    expect(processes.length * settingsSchema.shape.DATABASE_POOL_SIZE.parse(undefined)).toBeLessThan(
      maxConnections - 3 - 10,
    )
  })

  it('leaves synchronous_standby_names to ALTER SYSTEM', () => {
    expect(compose.services.postgres?.command).toContain('synchronous_commit=local')
    for (const [, { command }] of services) expect(String(command)).not.toContain('synchronous_standby_names')
    const names = settingsSchema.shape.DATABASE_STANDBY_NAMES.parse(undefined)
    expect(composeScript('postgres-primary.sh')).toContain(
      `ALTER SYSTEM SET synchronous_standby_names = '${names}';`,
    )
  })

  it('keeps closed workflows as long as `darkroom setup` asks for', () => {
    expect(composeScript('temporal-namespace.sh')).toContain(`--retention ${RETENTION_DAYS * 24}h`)
  })

  it.each(['api', 'orchestration', 'media', 'fanout', 'fanout-bulk'])(
    '%s: is killed only 5 s after its grace period',
    (name) => {
      const grace = settingsSchema.shape.SHUTDOWN_GRACE_SECONDS.parse(undefined)
      expect(parseInt(compose.services[name]?.stop_grace_period ?? '0')).toBeGreaterThan(grace + 5)
    },
  )

  it('mounts only files that exist and volumes that are declared', () => {
    for (const [, service] of services) {
      for (const mount of service.volumes ?? []) {
        const source = mount.split(':')[0] as string
        if (source.startsWith('./')) expect(existsSync(join(checkoutDir, source)), source).toBe(true)
        else expect(compose.volumes).toHaveProperty([source])
      }
    }
  })
})

describe('.env.example', () => {
  it('lists every setting', () => {
    const missing = Object.keys(settingsSchema.shape).filter((name) => !(name in documented))
    expect(missing).toEqual([])
  })

  it("lists what the npm scripts' help names", () => {
    const help = readFileSync(join(checkoutDir, 'stack', 'bootstrap', 'help.mjs'), 'utf8')
    const named = new Set(help.match(/DARKROOM_[A-Z_]+/g))
    expect([...named].sort()).toEqual(
      Object.keys(documented)
        .filter((name) => name.startsWith('DARKROOM_'))
        .sort(),
    )
  })

  it('shows the defaults that the code has', () => {
    for (const [name, schema] of Object.entries(settingsSchema.shape)) {
      const fallback = schema.safeParse(undefined)
      if (!fallback.success || fallback.data === undefined || Array.isArray(fallback.data)) continue
      expect(`${name}=${documented[name]}`).toBe(`${name}=${String(fallback.data)}`)
    }
  })

  it('holds no secret', () => {
    const secrets = Object.entries(documented).filter(([name]) =>
      /(PASSWORD|SECRET|TOKEN|KEYS|KEY|KEY_ID)$/.test(name),
    )
    expect(secrets.filter(([, value]) => value !== '')).toEqual([])
  })
})

function composeScript(name: string): string {
  return readFileSync(join(checkoutDir, 'stack', 'compose', name), 'utf8')
}

/** Lines `NAME=value` and `# NAME=value` of .env.example. */
function documentedSettings(): Record<string, string> {
  const lines = readFileSync(join(checkoutDir, '.env.example'), 'utf8').split('\n')
  const settings = lines
    .map((line) => /^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line))
    .filter((match) => match !== null)
  return Object.fromEntries(settings.map(([, name, value]) => [name, value]))
}
