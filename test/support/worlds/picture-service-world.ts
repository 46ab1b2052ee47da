import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { smallJpeg } from '../../../src/infra/image/small-picture.ts'
import { noisyImage } from '../factories/images.ts'
import { startClassifierServer, type ClassifierServer } from '../servers/classifier-server.ts'

const MAX_PIXELS = 50_000_000

/** A service elsewhere that is posted pictures, and a photo with metadata to post. */
export interface PictureServiceWorld {
  server: ClassifierServer
  /** Its file. */
  photo: string
  /** Decodes here, as the job of the children does. */
  images: never
  /** Lets the client reach the server on this machine. */
  options: { networks: string[]; maxPixels: number }
}

/** For all tests of the file. */
export function pictureServiceWorldOfFile(): PictureServiceWorld {
  let folder: string
  const images = {
    run: (_job: string, file: string) => smallJpeg(file, { maxPixels: MAX_PIXELS }),
  }
  const options = { networks: ['127.0.0.0/8', '::1/128'], maxPixels: MAX_PIXELS }
  const world = { images: images as never, options } as PictureServiceWorld
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
    world.photo = join(folder, 'photo.jpg')
    const exif = {
      IFD0: { Artist: 'Ada Lovelace' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 0/1' },
    }
    await writeFile(world.photo, await noisyImage(900, 600).withExif(exif).jpeg().toBuffer())
    world.server = await startClassifierServer()
  })
  afterAll(async () => {
    await world.server.close()
    await rm(folder, { recursive: true })
  })
  return world
}
