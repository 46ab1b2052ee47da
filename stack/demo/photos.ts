import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A photo of the demo, from the CC0 and public-domain pictures that ship with scikit-image. */
export interface DemoPhoto {
  file: string
  contentType: string
  caption: string
  visibility: 'public' | 'followers' | 'private'
}

export const DEMO_PHOTOS: readonly DemoPhoto[] = [
  {
    file: 'astronaut.png',
    contentType: 'image/png',
    caption: 'Eileen Collins before her flight #space #portrait',
    visibility: 'public',
  },
  {
    file: 'coffee.png',
    contentType: 'image/png',
    caption: 'First espresso of the day in #Zürich #coffee',
    visibility: 'followers',
  },
  {
    file: 'chelsea.png',
    contentType: 'image/png',
    caption: 'Chelsea, unimpressed #cat #portrait',
    visibility: 'public',
  },
  {
    file: 'rocket.jpg',
    contentType: 'image/jpeg',
    caption: 'Waiting on the pad #space #rocket',
    visibility: 'followers',
  },
  {
    file: 'hubble_deep_field.jpg',
    contentType: 'image/jpeg',
    caption: 'Ten thousand galaxies in one frame #space #hubble',
    visibility: 'public',
  },
]

/**
 * The bytes of a demo photo.
 * @param folder where the photos are (scikit-image's data folder in the installed stack)
 */
export async function readDemoPhoto(folder: string, photo: DemoPhoto): Promise<Buffer> {
  const path = join(folder, photo.file)
  await access(path).catch(() => {
    throw new Error(
      `The demo photo ${photo.file} is missing; run \`npm run stack -- install\` to repair the install.`,
    )
  })
  return readFile(path)
}
