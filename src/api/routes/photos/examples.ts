export const photoId = '0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b'
const images = `https://img.darkroom.example/variants/${photoId}/1`

export const owner = { id: '4711', username: 'ada', displayName: 'Ada Lovelace', avatarUrl: null }

export const written = {
  caption: 'Morning on the Limmat #zurich',
  altText: 'A rowing boat in fog',
  visibility: 'public',
}

/** The photo as anyone may see it. */
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
  likeCount: 128,
  commentCount: 7,
  likedByMe: true,
  commentPolicy: 'everyone',
  sensitive: false,
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
  sources: [
    { name: 'thumb_200', width: 200, height: 150, url: `${images}/thumb_200.auto` },
    { name: 'medium_800', width: 800, height: 600, url: `${images}/medium_800.auto` },
  ],
}

const location = { latitude: 47.366667, longitude: 8.55 }

/** As the owner sees it. */
export const metadataExample = {
  takenAt: photoExample.takenAt,
  camera: {
    make: 'FUJIFILM',
    model: 'X-T5',
    lens: 'XF23mmF1.4 R LM WR',
    exposureSeconds: 0.004,
    fNumber: 2.8,
    iso: 160,
    focalLength: 23,
    equivalentFocalLength: 35,
    flash: false,
  },
  location: { ...location, altitude: 408 },
  place: { city: 'Zürich', region: 'Zurich', country: 'Switzerland', countryCode: 'CH' },
  width: photoExample.width,
  height: photoExample.height,
  file: {
    contentType: 'image/jpeg',
    bytes: 8123456,
    orientation: 1,
    takenAt: '2026-03-09T06:42:10',
    location,
  },
}

export const updatePhotoExample = { caption: 'Fog on the Limmat #zurich', visibility: 'followers' }

export const photosExample = { items: [photoExample], nextCursor: 'eyJ2IjoxfQ.5c0f2e' }

export const trashExample = {
  items: [
    {
      photo: { ...photoExample, status: 'trashed' },
      deletedAt: '2026-03-10T08:00:00.000Z',
      erasesAt: '2026-04-09T08:00:00.000Z',
    },
  ],
  nextCursor: null,
}

export const duplicatesExample = {
  items: [
    {
      count: 2,
      photos: [
        { photo: photoExample, sameFileAs: null },
        { photo: { ...photoExample, id: '0199a1b2-d4e5-7f60-9b7c-8d9e0f1a2b3c' }, sameFileAs: photoId },
      ],
    },
  ],
  nextCursor: null,
}

export const erasuresExample = {
  items: [
    {
      photoId,
      requestedAt: '2026-04-09T08:21:40.000Z',
      erasedAt: '2026-04-09T08:21:41.300Z',
      removed: { objects: 9, edgeEntries: 4, searchDocuments: 1 },
    },
  ],
  nextCursor: null,
}
