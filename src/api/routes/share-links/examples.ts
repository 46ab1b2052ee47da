import { photoExample, photoId } from '../photos/examples.ts'

const token = 'b9dZ0pRkQ4aWm2xvC7hTn1yLs6uEe3oGf8iVj5cKt0Q'
const linkId = '0199a1b2-c3d4-7c1d-8e2f-3a4b5c6d7e8f'

export const newLinkExample = {
  label: 'Grandparents',
  password: 'fog-2026',
  expiresAt: '2099-01-31T08:00:00Z',
  maxViews: 50,
  allowUpload: true,
}

const link = {
  id: linkId,
  label: 'Grandparents',
  hasPassword: true,
  expiresAt: '2099-01-31T08:00:00.000Z',
  maxViews: 50,
  views: 0,
  allowUpload: true,
  state: 'live',
  lastUsedAt: null,
  createdAt: '2026-03-09T20:00:00.000Z',
}

export const createdLinkExample = {
  link: { ...link, url: `https://api.darkroom.example/v1/share/${token}`, token },
}

export const linksExample = {
  items: [{ ...link, views: 12, lastUsedAt: '2026-03-10T07:11:12.345Z' }],
  nextCursor: null,
}

const { id, caption, altText, tags, width, height, placeholder } = photoExample

export const sharedExample = {
  album: {
    title: 'Zürich, March',
    description: 'Three days in fog.',
    owner: { username: 'ada', displayName: 'Ada Lovelace' },
    expiresAt: '2099-01-31T08:00:00.000Z',
    allowUpload: true,
  },
  items: [
    {
      ...{ id, caption, altText, tags, width, height, placeholder },
      owner: { username: 'ada', displayName: 'Ada Lovelace' },
      variants: photoExample.variants.map((variant) => ({
        ...variant,
        expiresAt: '2026-03-10T07:20:00.000Z',
      })),
      sources: photoExample.sources.map((source) => ({
        ...source,
        expiresAt: '2026-03-10T07:20:00.000Z',
      })),
    },
  ],
  nextCursor: null,
  session: 'eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiIwMTk5In0.c2ln',
}

export const guestUploadExample = { contentType: 'image/jpeg', bytes: 2_481_037, name: 'Uncle Karl' }

export const ticketExample = 'eyJhbGciOiJIUzI1NiJ9.eyJwaG90b0lkIjoiMDE5OSJ9.c2ln'

export const dropBoxExample = {
  items: [
    {
      id: photoId,
      name: 'Uncle Karl',
      linkId,
      offeredAt: '2026-03-09T21:00:00.000Z',
      photo: { ...photoExample, caption: null, tags: [], visibility: 'private', status: 'offered' },
    },
  ],
  nextCursor: null,
}
