import { createWriteStream } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { PhotoId } from '../../domain/ids.ts'
import { DOWNLOAD, DOWNLOAD_CONTENT_TYPES } from '../../domain/variants.ts'
import type { Piece } from '../../infra/image/strip/pieces.ts'
import {
  failureOfJob,
  storedResult,
  withOriginal,
  type RenderDeps,
  type StoredResult,
} from './store-variant.ts'

/**
 * Makes the copy of a photo's original that others may download. A child says which ranges of the file it consists of; the
 * worker copies them from file to file, so that no original is held in its memory.
 *
 * @throws InvalidImageError or UndecodableError if the original can neither be stripped nor decoded; any other error (it cannot be
 *   read, no child can be had) is worth a retry
 */
export async function stripAndStore(
  deps: RenderDeps,
  photoId: PhotoId,
  recipe: string,
  signal?: AbortSignal,
): Promise<StoredResult> {
  const { images, maxPixels } = deps
  return withOriginal(deps, photoId, signal, async (file) => {
    const stripped = await images
      .run('stripMetadata', file, { maxPixels }, { signal })
      .catch((error: unknown) => {
        throw failureOfJob(error, signal)
      })
    const { format, width, height, pieces } = stripped
    const contentType = DOWNLOAD_CONTENT_TYPES[format]
    const body = await copyPieces(file, pieces, signal)
    return storedResult(deps, photoId, {
      variant: DOWNLOAD,
      format,
      recipe,
      contentType,
      width,
      height,
      body,
    })
  })
}

async function copyPieces(
  file: string,
  pieces: readonly Piece[],
  signal: AbortSignal | undefined,
): Promise<{ file: string; bytes: number }> {
  const copy = `${file}-stripped`
  const original = await open(file)
  try {
    const target = createWriteStream(copy)
    await pipeline(piecesOf(original, pieces), target, { signal: signal as AbortSignal })
    return { file: copy, bytes: target.bytesWritten }
  } finally {
    await original.close()
  }
}

async function* piecesOf(original: FileHandle, pieces: readonly Piece[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) yield piece
    else {
      const range = { start: piece.start, end: piece.end - 1, autoClose: false }
      for await (const chunk of original.createReadStream(range)) yield chunk as Uint8Array
    }
  }
}
