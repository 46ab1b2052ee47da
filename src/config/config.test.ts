import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from './config.ts'

const REQUIRED = {
  DATABASE_URL: 'postgresql://db/darkroom',
  REDIS_URL: 'redis://redis',
  S3_ENDPOINT: 'http://s3',
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: 'key',
  OPENSEARCH_URL: 'http://search',
  CDN_BASE_URL: 'http://cdn',
  CDN_EDGE_ADMIN_URLS: 'http://cdn:8081',
  CDN_SIGNING_KEY: 'a',
  CDN_PURGE_TOKEN: 'b',
  JWT_KEYS: 'k1:c',
  CURSOR_SECRET: 'd',
  STORAGE_EVENTS_TOKEN: 'e',
  METRICS_TOKEN: 'f',
}

describe('a replica', () => {
  const withReplica = (standbyNames: string) => () =>
    loadConfig({
      ...REQUIRED,
      DATABASE_REPLICA_URL: 'postgresql://replica/darkroom',
      DATABASE_REPLICA_NAME: 'feed_replica',
      DATABASE_STANDBY_NAMES: standbyNames,
    })

  it.each([
    'feed_replica',
    'FIRST 1 (feed_replica)',
    'first 2 (other, "feed_replica")',
    '1 (feed_replica, other)',
    'ANY 2 (feed_replica, other)',
  ])('may serve reads when commits always wait for it: %s', (names) => {
    expect(withReplica(names)).not.toThrow()
  })

  it.each([
    'FIRST 1 (darkroom_replica)',
    'FIRST 1 (other, feed_replica)',
    'other, feed_replica',
    'ANY 1 (feed_replica, other)',
    'FIRST 1 (*)',
  ])('is refused when commits do not always wait for it: %s', (names) => {
    expect(withReplica(names)).toThrow(ConfigError)
  })

  it('may be missing from the list when nobody reads from it', () => {
    expect(() => loadConfig({ ...REQUIRED, DATABASE_STANDBY_NAMES: 'other' })).not.toThrow()
  })
})
