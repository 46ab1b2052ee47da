import { photosExample } from '../photos/examples.ts'

export const searchExample = {
  ...photosExample,
  items: photosExample.items.map((photo) => ({
    ...photo,
    highlights: [{ field: 'caption', ranges: [[0, 4]] }],
  })),
  total: 37,
  facets: {
    tags: [{ value: 'zurich', count: 37 }],
    years: [
      { value: '2026', count: 30 },
      { value: '2025', count: 4 },
    ],
    tiles: [{ tile: '4/8/5', count: 12, latitude: 47.37, longitude: 8.54 }],
  },
  didYouMean: null,
}
