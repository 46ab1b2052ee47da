import type { Types } from '@opensearch-project/opensearch'

/**
 * Words arrive folded (foldText of services/search), and these filters find nothing to fold in the letters of any
 * script, as a test shows: the analyzers split and stem. No stop words are removed, because every word of a query must
 * occur and `"the who"` is a phrase like any other. Accented forms are not kept beside the folded ones, because someone
 * who types `zürich` wants `Zurich` just as much.
 */
const exactFilters = ['lowercase', 'asciifolding']
const englishFilters = ['english_possessive', 'lowercase', 'asciifolding', 'english_stem']

/**
 * Han, Kana and Hangul need no spaces between words: they are indexed as single characters and pairs, and searched as
 * pairs.
 */
const analysis = {
  filter: {
    english_possessive: { type: 'stemmer', language: 'possessive_english' },
    english_stem: { type: 'stemmer', language: 'english' },
    cjk_pairs: { type: 'cjk_bigram' },
    cjk_pairs_and_singles: { type: 'cjk_bigram', output_unigrams: true },
  },
  analyzer: {
    exact: { type: 'custom', tokenizer: 'standard', filter: [...exactFilters, 'cjk_pairs_and_singles'] },
    exact_search: { type: 'custom', tokenizer: 'standard', filter: [...exactFilters, 'cjk_pairs'] },
    english_forms: {
      type: 'custom',
      tokenizer: 'standard',
      filter: [...englishFilters, 'cjk_pairs_and_singles'],
    },
    english_forms_search: { type: 'custom', tokenizer: 'standard', filter: [...englishFilters, 'cjk_pairs'] },
  },
}

/**
 * How long a shard remembers the version of a deleted document. The default of 60 s is shorter than an activity can
 * hang between reading the row and writing the document (a paused VM, a retried request); a write of an older version
 * after that would bring the document of a deleted photo back. An hour costs some 200 bytes for each photo deleted
 * within it. A restarted node forgets sooner, so indexPhoto reads the row once more after its write.
 */
const DELETED_VERSIONS_KEPT = '1h'

/** The default, but set explicitly: otherwise a shard without searches stops refreshing after 30 s. */
const REFRESH_INTERVAL = '1s'

/**
 * Segments are sorted like `recent`, so that a list stops after its page instead of sorting all matches. Over 100,000
 * photos, a page of a tag on 33,000 of them took 4 ms instead of 131, and a page by relevance 15 ms instead of 113.
 */
const NEWEST_FIRST: Types.Indices_Common.IndexSegmentSort = {
  field: ['publishedAt', 'photoId'],
  order: ['desc', 'desc'],
}

/** One shard holds some 50 million captions and can be split in place. A second data node gets a copy of it. */
export const indexSettings = {
  number_of_shards: 1,
  auto_expand_replicas: '0-1',
  refresh_interval: REFRESH_INTERVAL,
  gc_deletes: DELETED_VERSIONS_KEPT,
  sort: NEWEST_FIRST,
  // The client's types lack cjk_bigram.
  analysis: analysis as unknown as Types.Indices_Common.IndexSettingsAnalysis,
} satisfies Types.Indices_Common.IndexSettings

/**
 * A word scores only the boost of the field that it is found in. BM25 would weigh words by their rarity in *all*
 * captions, so that scores and order would reveal photos that the viewer may not see. Its scores also change with every
 * document and differ between the copies of a shard, so that pages would drift.
 */
const similarity = 'boolean'

const words = { type: 'text', analyzer: 'exact', search_analyzer: 'exact_search', similarity } as const
const englishWords = {
  type: 'text',
  analyzer: 'english_forms',
  search_analyzer: 'english_forms_search',
  similarity,
  fields: { exact: words },
} as const

/** Words that only filter: found or not found, as phrases. */
const filterWords = { ...words, norms: false } as const

/** What an owner shares or withholds; see PhotoFacts. */
const facts = {
  properties: {
    takenAt: { type: 'long' },
    takenYear: { type: 'short' },
    camera: { type: 'keyword' },
    cameraWords: filterWords,
    lensWords: filterWords,
    location: { type: 'geo_point' },
    place: { type: 'keyword' },
    placeWords: filterWords,
    text: { type: 'text', analyzer: 'english_forms', search_analyzer: 'english_forms_search', similarity },
  },
} as const

/**
 * Raise it whenever documents of the present version do not have what this release searches; setup then starts a reindex. Until it is done,
 * the former index goes on: it ignores fields that it does not know, so that a changed field needs a new name.
 */
export const INDEX_VERSION = 3

/** New fields are added here; a field that changes its meaning needs the next version of the index. */
export const indexMapping = {
  dynamic: 'strict',
  properties: {
    photoId: { type: 'keyword' },
    ownerId: { type: 'keyword' },
    username: { type: 'keyword' },
    caption: englishWords,
    altText: englishWords,
    tags: { type: 'keyword', fields: { words } },
    visibility: { type: 'keyword' },
    status: { type: 'keyword' },
    publishedAt: { type: 'date', format: 'epoch_millis' },
    orientation: { type: 'keyword' },
    colours: { type: 'keyword' },
    popularity: { type: 'byte' },
    shared: facts,
    withheld: facts,
    version: { type: 'integer', index: false },
  },
} as const satisfies Types.Common_Mapping.TypeMapping
