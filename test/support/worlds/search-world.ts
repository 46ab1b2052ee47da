import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { afterAll } from 'vitest'
import { ANONYMOUS, type Viewer } from '../../../src/domain/viewer.ts'
import type { PhotoStatus, Visibility } from '../../../src/domain/visibility.ts'
import { openDatabase, type Database } from '../../../src/infra/db/database.ts'
import { openSearchClient, type Client } from '../../../src/infra/opensearch/client.ts'
import { createPhotoIndex, type PhotoIndex } from '../../../src/infra/opensearch/photo-index.ts'
import { ensureSearchIndex } from '../../../src/infra/opensearch/setup.ts'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import {
  createSearch,
  type PhotoSearchRequest,
  type Search,
  type PhotoSearchResult,
} from '../../../src/services/search/search.ts'
import { createSearchIndex, type SearchIndex } from '../../../src/services/search/search-index.ts'
import type { Page } from '../../../src/services/lists/list-read.ts'
import type { PhotoCard } from '../../../src/services/photos/photo-cards.ts'
import { buildUser } from '../factories/accounts.ts'
import { follow, unfollow } from '../factories/follows.ts'
import {
  buildPhoto,
  deletePhoto,
  describePhoto,
  editPhoto,
  setPhotoStatus,
  type PhotoDescription,
} from '../factories/photos.ts'
import { pageFor, type PageOptions } from '../list-read.ts'
import { settle } from '../replica.ts'

interface NewPhoto extends PhotoDescription {
  owner: string
  caption?: string
  altText?: string
  visibility?: Visibility
  status?: PhotoStatus
  publishedAt?: Date
}

/** The file's database and a search index of its own on the running servers. The replica has each change once it resolves. */
export interface SearchWorld {
  db: Database
  client: Client
  prefix: string
  index: PhotoIndex
  searchIndex: SearchIndex
  search: Search
  addUser(username?: string): Promise<string>
  follow(follower: string, followee: string): Promise<void>
  unfollow(follower: string, followee: string): Promise<void>
  /** Adds a row (ready and public unless said otherwise) and its tags; not its search document. */
  addPhoto(photo: NewPhoto): Promise<string>
  /** Changes the row as its owner does; the search document stays as it is. */
  edit(photoId: string, changes: Parameters<typeof editPhoto>[2]): Promise<void>
  remove(photoId: string): Promise<void>
  setStatus(photoId: string, status: PhotoStatus): Promise<void>
  /** Adds the photos, their documents, and makes them searchable. */
  publish(...photos: NewPhoto[]): Promise<string[]>
  /** Makes what was indexed searchable now. */
  refresh(): Promise<void>
  /** The ids found, in order, by walking pages of `limit`. */
  find(viewer: Viewer, request: Omit<PhotoSearchRequest, 'limit'> & { limit?: number }): Promise<string[]>
  /** One page of a search, its cursors bound as the API binds them. */
  searchPage(viewer: Viewer, request: SearchPageRequest, of?: Search): Promise<PhotoSearchResult>
  /** One page of a tag. */
  tagPage(viewer: Viewer, request: PageOptions & { tag: string }): Promise<Page<PhotoCard>>
  close(): Promise<void>
}

type SearchPageRequest = PhotoSearchRequest & PageOptions

/** Nobody signed in. */
export const ANYONE: Viewer = ANONYMOUS

/** A time of publication. */
export const minutes = (count: number) => new Date(Date.UTC(2026, 0, 1, 0, count))

/** A word that no other test's captions hold. */
export const freshWord = () => `w${uuidv7().replaceAll('-', '')}`

function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the tests with npm test`)
  return value
}

/** A world for all tests of a file, which closes it. Awaited once, at the top of the file. */
export async function searchWorldOfFile(): Promise<SearchWorld> {
  const world = await openSearchWorld()
  afterAll(() => world.close())
  return world
}

async function openSearchWorld(): Promise<SearchWorld> {
  const prefix = `search-${randomBytes(4).toString('hex')}`
  const db = await openDatabase({
    url: setting('DATABASE_URL'),
    replicaUrl: process.env.DATABASE_REPLICA_URL || setting('DATABASE_URL'),
    poolSize: 4,
    statementTimeoutMs: 15_000,
    applicationName: 'search-tests',
  })
  await settle(db)
  const client = openSearchClient(setting('OPENSEARCH_URL'))
  await ensureSearchIndex(client, prefix)
  const index = createPhotoIndex(client, prefix)
  const searchIndex = createSearchIndex({ index, primary: db.primary })
  const search = createSearch({ index })

  const world: SearchWorld = {
    db,
    client,
    prefix,
    index,
    searchIndex,
    search,
    addUser: async (username) => (await buildUser(db, username)).userId,
    async follow(follower, followee) {
      await follow(db, follower, followee)
      await settle(db)
    },
    unfollow: (follower, followee) => unfollow(db, follower, followee),
    async addPhoto(photo) {
      const photoId = await addPhoto(db, photo)
      await settle(db)
      return photoId
    },
    async edit(photoId, changes) {
      await editPhoto(db, photoId, changes)
      await settle(db)
    },
    remove: (photoId) => deletePhoto(db, photoId),
    setStatus: (photoId, status) => setPhotoStatus(db, photoId, status),
    async publish(...photos) {
      const ids = []
      for (const photo of photos) ids.push(await addPhoto(db, photo))
      await Promise.all(ids.map((photoId) => searchIndex.indexPhoto(photoId)))
      await settle(db)
      await world.refresh()
      return ids
    },
    async refresh() {
      await client.indices.refresh({ index: photosAlias(prefix) })
    },
    async find(viewer, request) {
      const ids = []
      let cursor: string | undefined
      do {
        const page = await world.searchPage(viewer, { limit: 20, ...request, cursor })
        ids.push(...page.items.map((card) => card.photoId))
        cursor = page.nextCursor ?? undefined
      } while (cursor)
      return ids
    },
    searchPage(viewer, { limit, cursor, ...request }, of = search) {
      const filters = Object.fromEntries(
        Object.entries(request).map(([name, value]) => [
          name,
          typeof value === 'object' ? JSON.stringify(value) : value,
        ]),
      )
      return of.searchPhotos(pageFor(db, viewer, { limit, cursor }, { list: 'search', filters }), request)
    },
    tagPage: (viewer, { limit, cursor, tag }) =>
      search.photosOfTag(pageFor(db, viewer, { limit, cursor }, { list: `tags/${tag}` }), tag),
    async close() {
      await client.indices.delete({ index: `${photosAlias(prefix)}-v*`, expand_wildcards: 'all' })
      await client.indices.deleteIndexTemplate({ name: photosAlias(prefix) })
      await client.close()
      await db.close()
    },
  }
  return world
}

async function addPhoto(db: Database, photo: NewPhoto): Promise<string> {
  const { owner, publishedAt, caption, altText, visibility, status, ...description } = photo
  const texts = { ...(caption !== undefined && { caption }), ...(altText !== undefined && { altText }) }
  const { photoId } = await buildPhoto(db, owner, {
    ...texts,
    ...(visibility && { visibility }),
    ...(status && { status }),
    ...(publishedAt && { publishedAt: publishedAt.getTime() }),
  })
  if (Object.keys(description).length > 0) await describePhoto(db, photoId, description)
  return photoId
}
