import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { messageOf } from '../../observability/error-text.ts'
import { RefusedError, type UploadClient } from '../upload/client.ts'
import type { ExportedAlbum } from './read-export.ts'

const Albums = z.object({
  items: z.array(
    z.object({ id: z.string(), title: z.string(), description: z.string().nullable(), role: z.string() }),
  ),
  nextCursor: z.string().nullable(),
})
const Created = z.object({ album: z.object({ id: z.string() }) })
const Anything = z.unknown()

export interface AlbumReport {
  title: string
  outcome: 'created' | 'present' | 'failed'
  photos: number
  /** Which were not there to be added. */
  missing: number
  detail?: string
}

/**
 * Makes the albums that an export tells of, with those of their photos that were imported. One of the same title and description that the
 * account has is taken for the one that an earlier run made; a photo that is in it stays where it is.
 * @param photoIds ids here, by those at the other instance
 */
export async function importAlbums(
  client: UploadClient,
  albums: readonly ExportedAlbum[],
  photoIds: ReadonlyMap<string, string>,
  { signal, onAlbum }: { signal: AbortSignal; onAlbum: (report: AlbumReport) => void },
): Promise<void> {
  const own = albums.length > 0 ? await ownAlbums(client) : new Map<string, string>()
  for (const album of albums) {
    signal.throwIfAborted()
    const known = own.get(nameOf(album))
    const added = album.photoIds.map((id) => photoIds.get(id)).filter((id) => id !== undefined)
    const report = { title: album.title, photos: added.length, missing: album.photoIds.length - added.length }
    try {
      const albumId = known ?? (await create(client, album))
      for (const photoId of added)
        await client.call(Anything, 'PUT', `/albums/${albumId}/photos/${photoId}`, {})
      onAlbum({ ...report, outcome: known === undefined ? 'created' : 'present' })
    } catch (error) {
      signal.throwIfAborted()
      onAlbum({ ...report, outcome: 'failed', detail: messageOf(error) })
      if (error instanceof RefusedError && error.status === 403) return
    }
  }
}

async function create(client: UploadClient, album: ExportedAlbum): Promise<string> {
  const { title, description, visibility, order } = album
  const body = { title, ...(description !== null && { description }), visibility, order }
  return (await client.call(Created, 'POST', '/albums', body, randomUUID())).album.id
}

async function ownAlbums(client: UploadClient): Promise<Map<string, string>> {
  const own = new Map<string, string>()
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: z.infer<typeof Albums> = await client.call(Albums, 'GET', `/me/albums?limit=100${query}`)
    for (const album of page.items) if (album.role === 'owner') own.set(nameOf(album), album.id)
    cursor = page.nextCursor
  } while (cursor !== null)
  return own
}

const nameOf = ({ title, description }: { title: string; description: string | null }) =>
  JSON.stringify([title, description])
