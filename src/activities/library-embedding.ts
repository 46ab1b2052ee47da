import type { LibraryEmbeddingActivities } from '../contracts/activities/library-embedding.ts'
import { addEmbeddings, type EmbeddingSliceResult } from '../contracts/library-embedding.ts'
import type { LibraryEmbedder } from '../services/embeddings/embed-library.ts'
import { asActivities } from './failures.ts'
import { resumedSlice } from './resumed-slice.ts'

/** The time limit of a slice, beside the photo that is under way: new photos may wait for its slot. */
const SLICE_MS = 2_000

/** The steps of libraryEmbedding. */
export function createLibraryEmbeddingActivities({
  library,
}: {
  library: LibraryEmbedder
}): LibraryEmbeddingActivities {
  return asActivities<LibraryEmbeddingActivities>({
    surveyEmbeddings: () => library.survey(),

    embedSlice: (input) =>
      resumedSlice<EmbeddingSliceResult>(addEmbeddings, (before, running) =>
        library.slice({ ...input, after: before?.after ?? input.after }, { maxMs: SLICE_MS, ...running }),
      ),
  })
}
