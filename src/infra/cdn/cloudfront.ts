import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CloudFrontClient,
  CreateInvalidationCommand,
  GetInvalidationCommand,
} from '@aws-sdk/client-cloudfront'
import { getSignedUrl } from '@aws-sdk/cloudfront-signer'
import { assertVariantPaths, confirmed, findServedAt } from './answers.ts'
import type { CacheTarget } from './cdn.ts'

export interface CloudFrontOptions {
  /** Where clients reach the distribution. */
  url: string
  distributionId: string
  /** Without them, where AWS clients look for them: the environment, a profile, the instance. */
  credentials?: { accessKeyId: string; secretAccessKey: string } | undefined
  /** Of the API, for tests. */
  endpoint?: string | undefined
  /** For a distribution that asks for signed URLs. */
  signer?: UrlSigner | undefined
  fetchTimeoutMs: number
  /** How long one purge waits for its invalidation; the next attempt goes on waiting. */
  waitMs?: number
  pollMs?: number
}

/** Adds what a front CDN asks for beside our own signature. @param expiresAt null for a URL that does not expire */
export type UrlSigner = (url: string, expiresAt: Date | null) => string

export interface CloudFrontKey {
  keyPairId: string
  /** PEM. Of ECDSA a signature takes a twentieth of the time of RSA's. */
  privateKey: string
}

/** CloudFront knows no URL without an end. Fixed, so that a public image keeps one URL. */
const PUBLIC_UNTIL = new Date('2100-01-01T00:00:00Z')

/** An invalidation takes seconds to minutes, and an attempt of the activity a minute. */
const WAIT_MS = 45_000
const POLL_MS = 2_000
const MAX_UNDER_WAY = 1_000

/** Signs URLs for a distribution with a trusted key group; it strips its parameters before it asks an edge. */
export function cloudFrontSigner({ keyPairId, privateKey }: CloudFrontKey): UrlSigner {
  return (url, expiresAt) =>
    getSignedUrl({ url, keyPairId, privateKey, algorithm: 'SHA256', dateLessThan: expiresAt ?? PUBLIC_UNTIL })
}

/** CloudFront in front of the edges: purged by invalidations, each waited for until every location has dropped its copies. */
export function createCloudFront(options: CloudFrontOptions): CacheTarget & { close(): void } {
  const { url, distributionId, signer, fetchTimeoutMs, waitMs = WAIT_MS, pollMs = POLL_MS } = options
  const name = `cloudfront/${distributionId}`
  const client = new CloudFrontClient({
    // The API is global; this is the region of its signatures.
    region: 'us-east-1',
    maxAttempts: 2,
    requestHandler: { requestTimeout: fetchTimeoutMs, connectionTimeout: fetchTimeoutMs },
    ...(options.credentials && { credentials: options.credentials }),
    ...(options.endpoint && { endpoint: options.endpoint }),
  })
  const asking = {
    origin: new URL(url).origin,
    fetchTimeoutMs,
    sign: signer && ((asked: string) => signer(asked, new Date(Date.now() + 60_000))),
  }
  /** Invalidations that a purge gave up waiting for, by what they drop. */
  const underWay = new Map<string, string>()

  async function invalidate(items: string[]): Promise<void> {
    const what = items.join(' ')
    let id = underWay.get(what)
    if (id === undefined) {
      const { Invalidation } = await client.send(
        new CreateInvalidationCommand({
          DistributionId: distributionId,
          InvalidationBatch: {
            CallerReference: randomUUID(),
            Paths: { Quantity: items.length, Items: items },
          },
        }),
      )
      id = Invalidation!.Id!
    }
    // Not there while we look: a later purge of the same is one of its own.
    underWay.delete(what)
    for (const deadline = Date.now() + waitMs; ; await sleep(pollMs)) {
      const { Invalidation } = await client.send(
        new GetInvalidationCommand({ DistributionId: distributionId, Id: id }),
      )
      if (Invalidation?.Status === 'Completed') return
      if (Date.now() + pollMs > deadline) break
    }
    // Of purges that another process has finished, at most so many are remembered in vain.
    if (underWay.size >= MAX_UNDER_WAY) underWay.clear()
    underWay.set(what, id)
    throw new Error(`Invalidation ${id} is still under way`)
  }

  return {
    name,

    async purge(paths) {
      assertVariantPaths(paths)
      return confirmed(name, async () => {
        // By folder, as a wildcard covers every query and counts as one path: `/variants/<photo>/<epoch>/*`.
        const items = [...new Set(paths.map((path) => path.replace(/[^/]+$/, '*')))].toSorted()
        if (items.length > 0) await invalidate(items)
        return []
      })
    },

    findServed: (urls) => confirmed(name, () => findServedAt(asking, urls)),
    close: () => client.destroy(),
  }
}
