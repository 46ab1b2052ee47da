import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { extractHashtags } from '../../../src/domain/hashtags.ts'
import { ANONYMOUS, type Viewer } from '../../../src/domain/viewer.ts'
import type { PhotoStatus, Visibility } from '../../../src/domain/visibility.ts'
import { openDatabase, type Database, type Statement } from '../../../src/infra/db/database.ts'
import { openSearchClient, type Client } from '../../../src/infra/opensearch/client.ts'
import { createPhotoIndex, type PhotoIndex } from '../../../src/infra/opensearch/photo-index.ts'
import { ensureSearchIndex, photosAlias } from '../../../src/infra/opensearch/setup.ts'
import {
  createSearch,
  type PhotoSearchRequest,
  type Search,
  type PhotoSearchResult,
} from '../../../src/services/search/search.ts'
import { createSearchIndex, type SearchIndex } from '../../../src/services/search/search-index.ts'
import type { Page } from '../../../src/services/lists/list-read.ts'
import type { PhotoCard } from '../../../src/services/photos/photo-cards.ts'
import { pageFor, type PageOptions } from '../list-read.ts'

interface NewPhoto {
  owner: string
  caption?: string
  altText?: string
  visibility?: Visibility
  status?: PhotoStatus
  publishedAt?: Date
}

/** The file's database and a search index of its own on the running servers. */
export interface SearchWorld {
  db: Database
  client: Client
  prefix: string
  index: PhotoIndex
  searchIndex: SearchIndex
  search: Search
  addUser(username?: string): Promise<string>
  follow(follower: string, followee: string): Promise<void>
  /** Adds a row (ready and public unless said otherwise) and its tags; not its search document. */
  addPhoto(photo: NewPhoto): Promise<string>
  /** Changes the row as a narrowing does; the search document stays as it is. */
  change(
    photoId: string,
    to: { visibility?: Visibility; status?: PhotoStatus; caption?: string },
  ): Promise<void>
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

const UPLOAD_EXPIRES_AT = new Date('2026-01-01T00:00:00Z')

function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the tests with npm test`)
  return value
}

export async function openSearchWorld(): Promise<SearchWorld> {
  const prefix = `search-${randomBytes(4).toString('hex')}`
  const db = await openDatabase({
    url: setting('DATABASE_URL'),
    replicaUrl: process.env.DATABASE_REPLICA_URL || setting('DATABASE_URL'),
    poolSize: 4,
    statementTimeoutMs: 15_000,
    applicationName: 'search-tests',
  })
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
    async addUser(username = `u${randomBytes(6).toString('hex')}`) {
      const [row] = await db.primary<{ user_id: string }>({
        text: `INSERT INTO users (username, password_hash) VALUES ($1, 'x') RETURNING user_id`,
        values: [username],
      })
      return row!.user_id
    },
    async follow(follower, followee) {
      await atOnce(db, {
        text: 'INSERT INTO follows (follower_id, followee_id) VALUES ($1, $2)',
        values: [follower, followee],
      })
    },
    addPhoto: (photo) => addPhoto(db, photo),
    change: (photoId, to) =>
      atOnce(db, {
        text: `UPDATE photos SET version = version + 1, visibility = coalesce($2, visibility),
          status = coalesce($3, status), caption = coalesce($4, caption) WHERE photo_id = $1`,
        values: [photoId, to.visibility ?? null, to.status ?? null, to.caption ?? null],
      }),
    async publish(...photos) {
      const ids = []
      for (const photo of photos) ids.push(await addPhoto(db, photo))
      await Promise.all(ids.map((photoId) => searchIndex.indexPhoto(photoId)))
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
          value instanceof Date ? value.toJSON() : value,
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
  const photoId = uuidv7()
  const { caption = '', status = 'ready', publishedAt = new Date() } = photo
  await db.transaction(
    async ({ query }) => {
      await query({
        text: `INSERT INTO photos (photo_id, owner_id, status, visibility, storage_key, caption, alt_text, content_type,
          bytes, upload_expires_at, published_at, score)
        VALUES ($1, $2, $3, $4, 'originals/x', $5, $6, 'image/jpeg', 1, $7, $8, $9)`,
        values: [
          photoId,
          photo.owner,
          status,
          photo.visibility ?? 'public',
          caption,
          photo.altText ?? null,
          UPLOAD_EXPIRES_AT,
          publishedAt,
          publishedAt.getTime(),
        ],
      })
      for (const [position, { tag, display }] of extractHashtags(caption).entries()) {
        await query({
          text: 'INSERT INTO photo_tags (photo_id, tag, display, position) VALUES ($1, $2, $3, $4)',
          values: [photoId, tag, display, position],
        })
      }
    },
    { narrows: true },
  )
  return photoId
}

/** Commits so that the next read on the replica has it. */
async function atOnce(db: Database, statement: Statement): Promise<void> {
  await db.transaction(({ query }) => query(statement), { narrows: true })
}
