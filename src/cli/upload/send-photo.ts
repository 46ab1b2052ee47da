import { randomUUID } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import pMap from 'p-map'
import { z } from 'zod'
import { RefusedError, type UploadClient } from './client.ts'
import type { Description } from './describe-photo.ts'
import type { FoundPhoto } from './find-photos.ts'

const Target = z.union([
  z.object({ method: z.literal('PUT'), url: z.string(), headers: z.record(z.string(), z.string()) }),
  z.object({ method: z.literal('MULTIPART'), partBytes: z.number() }),
])
type Target = z.infer<typeof Target>

const Opened = z.object({ photo: z.object({ id: z.string() }), upload: Target.nullable() })
const Signed = z.object({ upload: Target })
const Parts = z.object({ parts: z.array(z.object({ number: z.number(), bytes: z.number() })) })
const SignedParts = z.object({
  parts: z.array(z.object({ number: z.number(), url: z.string(), bytes: z.number() })),
})
const Anything = z.unknown()

/** URLs that are asked for at once; they work for an hour. */
const SIGNED_AT_ONCE = 20
/** Parts of one file at a time: two are under way while one of another file is hashed. */
const PARTS_AT_ONCE = 2

export interface PhotoToSend extends FoundPhoto {
  sha256: string
  /** An earlier run has begun it. */
  begunAs: string | undefined
}

interface Sending {
  client: UploadClient
  signal: AbortSignal
  describe: () => Promise<Description>
  /** Hears of bytes as they arrive, also of those that an earlier run has sent. */
  onBytes: (bytes: number) => void
}

/**
 * Uploads a photo, or goes on where an earlier run was interrupted: of one in parts, only those are sent that are missing.
 * @returns the photo's id @throws RefusedError
 */
export async function sendPhoto(photo: PhotoToSend, sending: Sending): Promise<string> {
  const { client, onBytes } = sending
  const { photoId, target } = await openUpload(photo, sending)
  if (target?.method === 'PUT') {
    await putOnce(client, target, await readFile(photo.path))
    onBytes(photo.bytes)
  } else if (target) await sendParts(photo, photoId, target.partBytes, sending)
  await client.call(Anything, 'POST', `/photos/${photoId}/complete`)
  return photoId
}

/** The URL works once: 412 says that an earlier try, whose answer was lost, has arrived. */
async function putOnce(
  client: UploadClient,
  { url, headers }: Extract<Target, { method: 'PUT' }>,
  bytes: Uint8Array,
): Promise<void> {
  try {
    await client.put(url, bytes, headers)
  } catch (error) {
    if (!(error instanceof RefusedError && error.status === 412)) throw error
  }
}

async function openUpload(
  { begunAs, bytes, contentType, sha256 }: PhotoToSend,
  { client, describe }: Sending,
): Promise<{ photoId: string; target: Target | null }> {
  if (begunAs !== undefined) {
    const { upload } = await client.call(Signed, 'POST', `/photos/${begunAs}/upload`)
    return { photoId: begunAs, target: upload }
  }
  const body = { contentType, bytes, sha256, multipart: true, ...(await describe()) }
  // The same key in each try, so that a lost answer does not make a second photo.
  const { photo, upload } = await client.call(Opened, 'POST', '/photos', body, randomUUID())
  return { photoId: photo.id, target: upload }
}

async function sendParts(
  { path, bytes }: PhotoToSend,
  photoId: string,
  partBytes: number,
  { client, signal, onBytes }: Sending,
): Promise<void> {
  const arrived = new Map(
    (await client.call(Parts, 'GET', `/photos/${photoId}/parts`)).parts.map((part) => [
      part.number,
      part.bytes,
    ]),
  )
  for (const sent of arrived.values()) onBytes(sent)
  const numbers = Array.from({ length: Math.ceil(bytes / partBytes) }, (_, index) => index + 1)
  const missing = numbers.filter((number) => !arrived.has(number))
  const file = await open(path)
  try {
    for (let at = 0; at < missing.length; at += SIGNED_AT_ONCE) {
      const asked = { numbers: missing.slice(at, at + SIGNED_AT_ONCE) }
      const { parts } = await client.call(SignedParts, 'POST', `/photos/${photoId}/parts`, asked)
      const send = async ({ number, url, bytes: size }: (typeof parts)[number]) => {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, (number - 1) * partBytes)
        if (bytesRead !== size) throw new Error('the file has become shorter')
        await client.put(url, buffer)
        onBytes(size)
      }
      await pMap(parts, send, { concurrency: PARTS_AT_ONCE, signal })
    }
  } finally {
    await file.close()
  }
}
