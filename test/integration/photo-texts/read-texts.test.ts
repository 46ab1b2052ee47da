import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MAX_CHARACTERS } from '../../../src/domain/limits.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import { InvalidImageError } from '../../../src/domain/invalid-image.ts'
import { ChildUnavailableError } from '../../../src/infra/image/image-child.ts'
import { openTextReader, type TextReader } from '../../../src/infra/image/text/open-text-reader.ts'
import { createReadTexts } from '../../../src/services/photo-texts/read-texts.ts'
import { variantKey } from '../../../src/services/photos/object-keys.ts'
import { recordVariant } from '../../../src/services/photos/photo-row.ts'
import { buildPhoto, deletePhoto, publishPhoto, setPhotoStatus } from '../../support/factories/photos.ts'
import { readTextInPhotosOf, textsOf } from '../../support/factories/photo-texts.ts'
import { openUploadWorld, silent, type UploadWorld } from '../../support/worlds/upload-world.ts'

let world: UploadWorld
/** What the fake reader does with a photo, beside saying its id. */
let onRead: (photoId: PhotoId) => unknown
let asked: PhotoId[]
const never = new AbortController().signal

beforeAll(async () => {
  world = await openUploadWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  // Turns are those of all accounts.
  await world.db.primary({ text: 'DELETE FROM photo_texts', values: [] })
  asked = []
  onRead = () => undefined
})

/** Says what is stored of a photo, which is its id. */
const fakeReader: Pick<TextReader, 'read'> = {
  async read(file) {
    const photoId = await readFile(file, 'utf8')
    asked.push(photoId)
    await onRead(photoId)
    return { version: 'test', text: photoId }
  },
}

async function read(reader = fakeReader, maxMs = 60_000) {
  const { db, objects, outbox } = world
  const readTexts = createReadTexts({
    db,
    objects,
    archive: undefined,
    reader,
    outbox: { ...outbox, dispatch },
  })
  return readTexts({ maxMs, signal: never })
}
const dispatch = async () => undefined

async function photosOf(owner: UserId, count: number, bytes?: Buffer): Promise<PhotoId[]> {
  const photoIds = []
  for (let n = 0; n < count; n++) {
    const { photoId } = await buildPhoto(world.db, owner)
    await storeVariant(photoId, bytes)
    photoIds.push(photoId)
  }
  return photoIds.sort()
}

async function storeVariant(photoId: PhotoId, bytes: Buffer = Buffer.from(photoId)) {
  const variant = { variant: 'large_2048', format: 'jpeg', width: 8, height: 6, bytes: bytes.length } as const
  const objectKey = variantKey(photoId, 1, variant.variant, variant.format)
  await world.objects.put(objectKey, bytes, 'image/jpeg')
  await recordVariant(world.db.primary, photoId, { ...variant, objectKey })
}

const versionOf = async (photoId: PhotoId) => (await world.photo(photoId)).version

describe('an account that asks for its texts', () => {
  it('has its whole library read, the newest first, and its documents follow', async () => {
    const owner = await world.owner()
    const photos = await photosOf(owner, 3)
    const before = await versionOf(photos[0]!)
    await readTextInPhotosOf(world.db, owner, true)
    expect(await read()).toEqual({ read: 3, unreadable: 0, more: false })
    expect(asked).toEqual(photos.toReversed())
    expect(await textsOf(world.db, owner)).toMatchObject(
      photos.toReversed().map((photoId) => ({ state: 'read', text: photoId, engine_version: 'test' })),
    )
    expect(await versionOf(photos[0]!)).toBe(before + 1)
    const owed = await world.db.primary({
      text: `SELECT 1 FROM outbox WHERE kind = 'photoChanged' AND payload->>'photoId' = $1`,
      values: [photos[0]],
    })
    expect(owed).toHaveLength(1)
    expect(await read()).toEqual({ read: 0, unreadable: 0, more: false })
  })

  it('has each new photo read, before the libraries of others', async () => {
    const [ann, ben] = [await world.owner(), await world.owner()]
    await photosOf(ben, 3)
    await readTextInPhotosOf(world.db, ann, true)
    await readTextInPhotosOf(world.db, ben, true)
    const { photoId } = await buildPhoto(world.db, ann, { status: 'processing' })
    await storeVariant(photoId)
    await publishPhoto(world.db, photoId)
    await read()
    expect(asked.indexOf(photoId)).toBeLessThan(2)
    expect(asked).toHaveLength(4)
  })

  it('takes turns with others', async () => {
    const owners = [await world.owner(), await world.owner()]
    const libraries = [await photosOf(owners[0]!, 3), await photosOf(owners[1]!, 3)]
    for (const owner of owners) await readTextInPhotosOf(world.db, owner, true)
    await read()
    const whose = asked.map((photoId) => (libraries[0]!.includes(photoId) ? 'a' : 'b'))
    // The first library began a turn earlier; of one turn, the older photo comes first.
    expect(whose.join('')).toBe('aababb')
  })

  it('ends a slice in time, and the next goes on', async () => {
    const owner = await world.owner()
    await photosOf(owner, 2)
    await readTextInPhotosOf(world.db, owner, true)
    expect(await read(fakeReader, 0)).toEqual({ read: 0, unreadable: 0, more: true })
    onRead = () => new Promise((resolve) => setTimeout(resolve, 20))
    expect(await read(fakeReader, 10)).toEqual({ read: 1, unreadable: 0, more: true })
    expect(await read()).toEqual({ read: 1, unreadable: 0, more: false })
  })
})

describe('a photo that cannot be read', () => {
  it.each([
    ['is too complex', new InvalidImageError('too_complex', 'Too much.'), 'too_complex'],
    ['breaks the reader', new TypeError('oops'), 'reader_failed'],
  ])('and %s is recorded, and never tried again', async (_, error, failure_code) => {
    const owner = await world.owner()
    const [photoId] = await photosOf(owner, 1)
    const before = await versionOf(photoId!)
    await readTextInPhotosOf(world.db, owner, true)
    onRead = () => Promise.reject(error)
    expect(await read()).toEqual({ read: 0, unreadable: 1, more: false })
    expect(await read()).toMatchObject({ unreadable: 0 })
    expect(await textsOf(world.db, owner)).toMatchObject([{ state: 'unreadable', text: null, failure_code }])
    expect(await versionOf(photoId!)).toBe(before)
  })

  it('for now holds up no other, and is read later', async () => {
    const owner = await world.owner()
    const photos = await photosOf(owner, 2)
    await readTextInPhotosOf(world.db, owner, true)
    onRead = () => Promise.reject(new ChildUnavailableError('no child'))
    await expect(read()).rejects.toBeInstanceOf(ChildUnavailableError)
    onRead = () => undefined
    expect(await read()).toMatchObject({ read: 2 })
    expect(asked).toEqual([photos[1], photos[0], photos[1]])
  })

  it('for lack of a picture is recorded', async () => {
    const owner = await world.owner()
    await buildPhoto(world.db, owner)
    await readTextInPhotosOf(world.db, owner, true)
    expect(await read()).toMatchObject({ unreadable: 1 })
    expect(await textsOf(world.db, owner)).toMatchObject([{ failure_code: 'no_picture' }])
  })
})

describe('a text', () => {
  it('is deleted, and none is read any more, once its owner wants none', async () => {
    const owner = await world.owner()
    await photosOf(owner, 3)
    await readTextInPhotosOf(world.db, owner, true)
    onRead = () => readTextInPhotosOf(world.db, owner, false)
    // What is being read at that moment is not recorded.
    expect(await read()).toMatchObject({ more: false })
    expect(asked).toHaveLength(1)
    expect(await textsOf(world.db, owner)).toEqual([])
  })

  it('stays in the trash and goes when its photo is erased', async () => {
    const owner = await world.owner()
    const [photoId, erased] = await photosOf(owner, 2)
    await readTextInPhotosOf(world.db, owner, true)
    await read()
    await setPhotoStatus(world.db, photoId!, 'trashed')
    await deletePhoto(world.db, erased!)
    expect(await textsOf(world.db, owner)).toMatchObject([{ photo_id: photoId, text: photoId }])
  })

  it('of the same bytes is read once for their owner', async () => {
    const owner = await world.owner()
    const photos = await photosOf(owner, 2)
    await world.db.primary({
      text: `UPDATE photos SET sha256 = sha256('same'::bytea) WHERE photo_id = ANY ($1)`,
      values: [photos],
    })
    await readTextInPhotosOf(world.db, owner, true)
    expect(await read()).toMatchObject({ read: 2 })
    expect(asked).toEqual([photos[1]])
    expect(await textsOf(world.db, owner)).toMatchObject([{ text: photos[1] }, { text: photos[1] }])
  })

  it('is read by the networks, and no longer than its column', async () => {
    const owner = await world.owner()
    const sign = await readFile(join(import.meta.dirname, '..', '..', 'support', 'text', 'sign.png'))
    await photosOf(owner, 1, sign)
    await readTextInPhotosOf(world.db, owner, true)
    const reader = openTextReader({ maxPixels: 1e8, sandbox: 'auto', logger: silent })
    try {
      expect(await read(reader)).toMatchObject({ read: 1 })
    } finally {
      await reader.close()
    }
    const [row] = await textsOf(world.db, owner)
    expect(row).toMatchObject({
      state: 'read',
      text: 'Gate 42\nBoarding at18:05',
      engine_version: '9aef965a14fa',
    })
    expect(row!.text!.length).toBeLessThan(MAX_CHARACTERS.textInPhoto)
  })

  it('is owed to all, whatever is published while its owner asks for it', async () => {
    const owner = await world.owner()
    const photoIds = await Promise.all(
      Array.from(
        { length: 8 },
        async () => (await buildPhoto(world.db, owner, { status: 'processing' })).photoId,
      ),
    )
    await Promise.all([
      ...photoIds.slice(0, 4).map((photoId) => publishPhoto(world.db, photoId)),
      readTextInPhotosOf(world.db, owner, true),
      ...photoIds.slice(4).map((photoId) => publishPhoto(world.db, photoId)),
    ])
    expect((await textsOf(world.db, owner)).map((row) => row.photo_id).sort()).toEqual(photoIds.sort())
  })
})
