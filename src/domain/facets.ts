/** What a search counts by values. */
export const FACETS = ['tags', 'years', 'cameras', 'places', 'tiles'] as const
export type Facet = (typeof FACETS)[number]
