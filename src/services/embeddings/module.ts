import type { PhotoId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { Clients } from '../clients.ts'
import type { Reader } from '../lists/list-read.ts'
import { embedPhoto } from './embed-photo.ts'
import { searchOwnByContent } from './search-own.ts'

/** The API's side: finding photos by what they show. */
export function openContentSearch({ embedder }: Clients) {
  return {
    /** Undefined where the settings name no embedder. */
    contentSearch:
      embedder &&
      ((reader: Reader<UserViewer>, request: { text: string; limit: number }) =>
        searchOwnByContent(embedder, reader, request)),
  }
}

/** The media worker's side: keeping what photos show. */
export function openEmbeddings({ db, objects, archive, embedder }: Clients) {
  return {
    /** Whether new photos are embedded. */
    embeds: embedder !== undefined,
    embedPhoto: (photoId: PhotoId, signal?: AbortSignal) =>
      embedPhoto({ db, objects, archive, embedder }, photoId, signal),
  }
}
