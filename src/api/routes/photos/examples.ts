const photoId = '0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b'
const images = `https://img.darkroom.example/variants/${photoId}/1`

const owner = { id: '4711', username: 'ada', displayName: 'Ada Lovelace', avatarUrl: null }

const written = {
  caption: 'Morning on the Limmat #zurich',
  altText: 'A rowing boat in fog',
  visibility: 'public',
}

/** As anyone may see it. */
export const photoExample = {
  id: photoId,
  owner,
  ...written,
  tags: ['zurich'],
  status: 'ready',
  width: 4032,
  height: 3024,
  placeholder: '3OcRJYB4d3h/iIeHeEh3eIhw+j2w',
  takenAt: '2026-03-09T06:42:10+01:00',
  createdAt: '2026-03-09T19:31:00.000Z',
  publishedAt: '2026-03-09T19:31:08.412Z',
  likeCount: 0,
  commentCount: 0,
  likedByMe: false,
  variants: [
    {
      name: 'thumb_200',
      format: 'webp',
      width: 200,
      height: 150,
      bytes: 5120,
      url: `${images}/thumb_200.webp`,
    },
    {
      name: 'medium_800',
      format: 'webp',
      width: 800,
      height: 600,
      bytes: 61440,
      url: `${images}/medium_800.webp`,
    },
  ],
}

/** As its owner sees it while its original is on the way. */
export const awaitedPhotoExample = {
  ...photoExample,
  status: 'awaiting_upload',
  width: null,
  height: null,
  placeholder: null,
  takenAt: null,
  publishedAt: null,
  variants: [],
  shareLocation: false,
  shareCamera: false,
  allowDownload: false,
}

export const openUploadExample = {
  contentType: 'image/jpeg',
  bytes: 3145728,
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  ...written,
}

export const uploadExample = {
  method: 'PUT',
  url: `https://storage.darkroom.example/darkroom/incoming/${photoId}?X-Amz-Expires=900&X-Amz-Signature=…`,
  headers: { 'Content-Type': 'image/jpeg' },
  expiresAt: '2026-03-09T19:46:00.000Z',
}

export const updatePhotoExample = { caption: 'Fog on the Limmat #zurich', visibility: 'followers' }

export const photosExample = { items: [photoExample], nextCursor: 'eyJ2IjoxfQ.5c0f2e' }

export const progressExample = {
  status: 'ready',
  steps: [
    { name: 'arrival', state: 'done', attempts: 1 },
    { name: 'validation', state: 'done', attempts: 1 },
    { name: 'publication', state: 'done', attempts: 1 },
    { name: 'variants', state: 'running', attempts: 1, detail: '2 of 4' },
    { name: 'search', state: 'done', attempts: 1 },
    { name: 'fanout', state: 'done', attempts: 1 },
  ],
  fanout: { state: 'running', followers: 1200, delivered: 400 },
}
