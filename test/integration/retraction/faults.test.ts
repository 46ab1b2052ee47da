import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { photoUploadWorkflowId } from '../../../src/contracts/photo-upload.ts'
import type { UserId } from '../../../src/domain/ids.ts'
import type { LinkId } from '../../../src/domain/viewer.ts'
import type { Visibility } from '../../../src/domain/visibility.ts'
import { openSearchClient } from '../../../src/infra/opensearch/client.ts'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import { createPasswords } from '../../../src/services/accounts/passwords.ts'
import { createAlbums } from '../../../src/services/albums/albums.ts'
import { createBlocks } from '../../../src/services/graph/blocks.ts'
import { createFollows } from '../../../src/services/graph/follows.ts'
import { createDeactivate } from '../../../src/services/leaving/deactivate.ts'
import { imageUrl, OWNER_EPOCH } from '../../../src/services/photos/image-url.ts'
import { createTrash } from '../../../src/services/photos/trash.ts'
import { incomingKey, negotiatedKey } from '../../../src/services/photos/object-keys.ts'
import { createShareLinks } from '../../../src/services/share-links/share-links.ts'
import { mediaWorker } from '../../../src/workers/media.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import { buildUser, securityEvents, sessionsOf, testDevice } from '../../support/factories/accounts.ts'
import { follow } from '../../support/factories/follows.ts'
import {
  edgeSettings,
  PrivateEdge,
  proxyToEdge,
  type ProxiedEdge,
} from '../../support/servers/private-edge.ts'
import { startServers, type PrivateServers } from '../../support/servers/private-servers.ts'
import { proxyTo, type TcpProxy } from '../../support/servers/tcp-proxy.ts'
import {
  eventually,
  openUploadWorld,
  somePhoto,
  type OpenUpload,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

/**
 * An edge that is up refuses within this time of the commit, whatever else is down: far below the timeouts of what is down, and
 * room for a machine that runs other tests beside. docs/service-levels.md has the objective.
 */
const REFUSED_WITHIN_MS = 15_000

let world: UploadWorld
let edges: PrivateEdge[]
let edgeProxies: ProxiedEdge[]
let search: TcpProxy
let storage: TcpProxy
let redis: TcpProxy
/** Replay pauses: files that run at the same time are not to notice. */
let servers: PrivateServers

beforeAll(async () => {
  edges = await Promise.all([PrivateEdge.start(), PrivateEdge.start()])
  edgeProxies = await Promise.all(edges.map(proxyToEdge))
  search = await proxyTo(process.env.OPENSEARCH_URL!)
  storage = await proxyTo(process.env.S3_ENDPOINT!)
  redis = await proxyTo(process.env.REDIS_URL!)
  servers = await startServers('postgres', 'postgres-replica')
  world = await openUploadWorld({
    ...servers.env,
    REDIS_URL: redis.url,
    ...edgeSettings(edgeProxies),
    OPENSEARCH_URL: search.url,
    S3_ENDPOINT: storage.url,
  })
  for (const definition of [orchestrationWorker, mediaWorker]) await world.start(definition)
})
afterEach(async () => {
  for (const proxy of [search, storage, redis, ...edgeProxies]) proxy.recover()
  await servers.resumeReplay()
})
afterAll(async () => {
  await world?.close()
  for (const proxy of [search, storage, redis, ...edgeProxies]) proxy.close()
  await Promise.all(edges.map((edge) => edge.remove()))
  await servers?.close()
})

/** A photo of an account that has no other, unless one is given. */
async function publish(by?: UserId, visibility: Visibility = 'public'): Promise<OpenUpload> {
  const owner = by ?? (await world.owner())
  const body = await somePhoto(400, 300)
  const upload = await world.openUpload(owner, { bytes: body.length, visibility })
  await world.outbox.dispatch([upload.outboxId])
  await world.objects.put(incomingKey(upload.photoId), body, 'image/jpeg')
  await world.announce(upload)
  await world.temporal.workflow.getHandle(photoUploadWorkflowId(upload.photoId)).result()
  return upload
}

/** Paths of the photo's images as a viewer has them now. */
async function issuedPaths({ photoId, ownerId }: OpenUpload, linkId?: LinkId): Promise<string[]> {
  const { access_epoch: accessEpoch, visibility } = await world.photo(photoId)
  const [account] = await world.db.primary<{ access_epoch: number }>({
    text: `SELECT ${OWNER_EPOCH} AS access_epoch FROM users u WHERE user_id = $1`,
    values: [ownerId],
  })
  const keys = (await world.variants(photoId)).map(({ object_key: key }) => key)
  const stored = keys.filter((key) => key.startsWith('variants/'))
  return [...new Set([...stored, ...stored.map(negotiatedKey)])].map(
    (key) =>
      imageUrl({
        baseUrl: '',
        key,
        accessEpoch,
        owner: { userId: ownerId, accessEpoch: account!.access_epoch },
        isPublic: visibility === 'public',
        link: linkId === undefined ? undefined : { linkId, expiresAt: null },
        signingKey: world.config.CDN_SIGNING_KEY,
        now: new Date(),
      }).url,
  )
}

const statuses = (edge: PrivateEdge, paths: string[]) =>
  Promise.all(paths.map(async (path) => (await fetch(edge.url + path)).status))
const refused = async (edge: PrivateEdge, paths: string[]) =>
  (await statuses(edge, paths)).every((status) => status === 403 || status === 404)

async function retractions({ ownerId }: OpenUpload): Promise<string[]> {
  const rows = await world.db.primary<{ subject: string }>({
    text: 'SELECT subject FROM retractions WHERE owner_id = $1',
    values: [ownerId],
  })
  return rows.map(({ subject }) => subject)
}
const proven = (photo: OpenUpload) => eventually(async () => (await retractions(photo)).length === 0, 60_000)

async function changeAccount({ ownerId: userId }: OpenUpload, set: string): Promise<void> {
  await world.db.primary({ text: `UPDATE users SET ${set} WHERE user_id = $1`, values: [userId] })
  await world.outbox.dispatch([await world.owe({ kind: 'accountChanged', payload: { userId } })])
}

async function intoTrash({ photoId, ownerId }: OpenUpload): Promise<void> {
  const trash = createTrash({ ...world, fanoutShardThreshold: 1_000, keptDays: 30 })
  await trash.put(await trash.find({ kind: 'user', userId: ownerId }, photoId))
}

interface Fault {
  begin: () => unknown
  end: () => unknown
  /** The edges that can be reached. */
  healthy: () => PrivateEdge[]
}
const away = (proxy: () => Pick<TcpProxy, 'silence' | 'recover'>, healthy = () => edges): Fault => ({
  begin: () => proxy().silence(),
  end: () => proxy().recover(),
  healthy,
})
const FAULTS: Record<string, Fault> = {
  nothing: { begin: () => undefined, end: () => undefined, healthy: () => edges },
  search: away(() => search),
  'the storage': away(() => storage),
  Redis: away(() => redis),
  'the replica': {
    begin: () => servers.pauseReplay(),
    end: () => servers.resumeReplay(),
    healthy: () => edges,
  },
  'one of two edges': away(
    () => edgeProxies[1]!,
    () => edges.slice(0, 1),
  ),
}

/** Has someone follow the owner, and the owner turn them away. */
async function turnAway({ ownerId }: OpenUpload, how: (follower: string) => Promise<void>): Promise<void> {
  const follower = await buildUser(world.db)
  await follow(world.db, follower.userId, ownerId)
  await how(follower.username)
}

/** A link to an album with the photo, which somebody has opened. */
async function share({
  photoId,
  ownerId,
}: OpenUpload): Promise<{ linkId: LinkId; revoke: () => Promise<void> }> {
  const owner = { kind: 'user', userId: ownerId } as const
  const { albumId } = await createAlbums(world).create(owner, {
    ...{ title: 'Shared', description: null, visibility: 'private', order: 'position' },
    coverPhotoId: photoId,
  })
  const links = createShareLinks({ ...world, passwords: createPasswords() })
  const limits = { label: null, password: null, expiresAt: null, maxViews: null, allowUpload: false }
  const { linkId } = (await links.create(owner, albumId, limits)).link
  await world.db.primary({ text: 'UPDATE share_links SET views = 1 WHERE link_id = $1', values: [linkId] })
  return { linkId, revoke: () => links.revoke(owner, albumId, linkId) }
}

type Shared = Awaited<ReturnType<typeof share>>
interface Narrowing {
  of?: Visibility
  /** Objects are moved or deleted, so that nothing is proven while the storage is away. */
  needsStorage?: boolean
  /** How it is shown to those who lose it, if not to everyone or to followers. */
  show?: (photo: OpenUpload) => Promise<Shared>
  narrow: (photo: OpenUpload, shown: Shared | undefined) => Promise<void>
}
const NARROWINGS: Record<string, Narrowing> = {
  deletion: { needsStorage: true, narrow: (photo) => world.remove(photo) },
  trashing: { needsStorage: true, narrow: (photo) => intoTrash(photo) },
  narrowing: { needsStorage: true, narrow: (photo) => world.edit(photo, { visibility: 'private' }) },
  'going private': { needsStorage: true, narrow: (photo) => changeAccount(photo, 'is_private = true') },
  suspension: { needsStorage: true, narrow: (photo) => changeAccount(photo, `status = 'suspended'`) },
  deactivation: {
    needsStorage: true,
    narrow: ({ ownerId }) =>
      createDeactivate({ ...world, sessions: sessionsOf(world.db), securityEvents })(ownerId, testDevice),
  },
  block: {
    of: 'followers',
    narrow: (photo) => turnAway(photo, (follower) => createBlocks(world).block(photo.ownerId, follower)),
  },
  'removal of a follower': {
    of: 'followers',
    narrow: (photo) =>
      turnAway(photo, (follower) => createFollows(world).removeFollower(photo.ownerId, follower)),
  },
  'revocation of a link': {
    of: 'private',
    show: share,
    narrow: (_, link) => link!.revoke(),
  },
}

describe('a photo that was edited', () => {
  it.each(Object.keys(FAULTS))(
    'is refused after each kind of narrowing while %s is away',
    async (name) => {
      const fault = FAULTS[name]!
      const photos = await Promise.all(
        Object.entries(NARROWINGS).map(async ([narrowing, { of, needsStorage, show, narrow }]) => {
          const photo = await publish(undefined, of)
          const shown = await show?.(photo)
          const paths = await issuedPaths(photo, shown?.linkId)
          return { narrowing, needsStorage, narrow: () => narrow(photo, shown), photo, paths }
        }),
      )
      for (const edge of edges)
        for (const { paths } of photos) expect(await statuses(edge, paths)).toEqual(paths.map(() => 200))
      await fault.begin()
      await Promise.all(
        photos.map(async ({ narrowing, needsStorage, narrow, photo, paths }) => {
          await world.edit(photo, { caption: 'edited before' })
          await narrow()
          const committedAt = performance.now()
          await eventually(async () => {
            const answers = await Promise.all(fault.healthy().map((edge) => refused(edge, paths)))
            return answers.every(Boolean)
          }, REFUSED_WITHIN_MS)
          expect(performance.now() - committedAt, narrowing).toBeLessThan(REFUSED_WITHIN_MS)
          if ((name === 'the storage' && needsStorage) || name === 'one of two edges')
            expect(await retractions(photo), narrowing).not.toEqual([])
        }),
      )

      await fault.end()
      await Promise.all(
        photos.map(async ({ narrowing, photo, paths }) => {
          await proven(photo)
          for (const edge of edges) expect(await refused(edge, paths), narrowing).toBe(true)
          if (narrowing === 'deletion') return
          // What the owner may still see has URLs of the new epochs, and their objects are there.
          const present = await issuedPaths(photo)
          for (const edge of edges)
            expect(await statuses(edge, present), narrowing).toEqual(present.map(() => 200))
        }),
      )
    },
    120_000,
  )
})

describe('the retraction of an account', () => {
  it('moves its public photos and leaves the others where they are', async () => {
    const open = await publish()
    const closed = await publish(open.ownerId)
    await world.edit(closed, { visibility: 'followers' })
    await proven(closed)
    const keysOf = async (photo: OpenUpload) =>
      (await world.variants(photo.photoId)).map(({ object_key: key }) => key)
    const [openBefore, closedBefore] = [await keysOf(open), await keysOf(closed)]
    await changeAccount(open, 'is_private = true')
    await proven(open)
    expect(await keysOf(closed)).toEqual(closedBefore)
    expect((await keysOf(open)).filter((key) => openBefore.includes(key))).toEqual(
      openBefore.filter((key) => key.startsWith('originals/')),
    )
  })

  it('rewrites the audience in search documents, and rewrites it back', async () => {
    const photo = await publish()
    const client = openSearchClient(process.env.OPENSEARCH_URL!)
    const index = photosAlias(world.config.OPENSEARCH_INDEX_PREFIX)
    const audience = async () => {
      const { body } = await client.get({ index, id: photo.photoId })
      return (body._source as { visibility: string }).visibility
    }
    try {
      await expect.poll(audience).toBe('public')
      await changeAccount(photo, 'is_private = true')
      await expect.poll(audience, { timeout: 20_000 }).toBe('followers')
      await changeAccount(photo, `status = 'suspended'`)
      await expect.poll(audience, { timeout: 20_000 }).toBe('private')
      await changeAccount(photo, `is_private = false, status = 'active'`)
      await expect.poll(audience, { timeout: 20_000 }).toBe('public')
    } finally {
      await client.close()
    }
  })
})
