import type { PhotoId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { readTagLabels } from '../../infra/tag-labels.ts'
import type { Clients } from '../clients.ts'
import type { Reader } from '../lists/list-read.ts'
import { createLibraryEmbedder, NO_LIBRARY_EMBEDDER } from './embed-library.ts'
import { embedPhoto } from './embed-photo.ts'
import { searchOwnByContent } from './search-own.ts'
import { createSuggestedTags } from './suggested-tags.ts'
import { createTagLabels } from './tag-labels.ts'

/** The API's side: finding photos by what they show, and offering tags for it. */
export function openContentSearch({ config, db, embedder }: Clients) {
  return {
    /** Undefined where the settings name no embedder. */
    contentSearch:
      embedder &&
      ((reader: Reader<UserViewer>, request: { text: string; limit: number }) =>
        searchOwnByContent(embedder, reader, request)),
    suggestedTags: createSuggestedTags(db.primary, config.AUTO_TAG_NEARNESS),
  }
}

/** The media worker's side: keeping what photos show. */
export function openEmbeddings({ config, db, objects, archive, embedder, logger }: Clients) {
  const labels = readTagLabels(config.AUTO_TAG_LABELS)
  if (!embedder) return { embeds: false, embedPhoto: async () => {}, library: NO_LIBRARY_EMBEDDER }
  const tagLabels = createTagLabels({ query: db.primary, embedder, labels })
  const deps = { db, objects, archive, embedder, labels: tagLabels }
  return {
    /** Whether new photos are embedded. */
    embeds: true,
    async embedPhoto(photoId: PhotoId, signal?: AbortSignal): Promise<void> {
      await tagLabels.keep(await embedPhoto(deps, photoId, signal), signal)
    },
    library: createLibraryEmbedder({ ...deps, logger }),
  }
}
