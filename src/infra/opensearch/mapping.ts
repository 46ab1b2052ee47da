import type { Types } from '@opensearch-project/opensearch'

/**
 * Words are folded before they get here (foldText of services/search); in a folded letter these filters find nothing to
 * do, which a test shows for every letter. The analyzers split and stem. No stop words are removed: every word asked for must be there, and `"the who"` is a phrase like any other.
 * Accents are not kept beside the folded forms, since someone who types `zürich` wants `Zurich` just as much.
 */
const exactFilters = ['lowercase', 'asciifolding']
const englishFilters = ['english_possessive', 'lowercase', 'asciifolding', 'english_stem']

/** Han, Kana and Hangul are written without spaces: indexed as single characters and pairs, searched as pairs. */
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
 * hang between reading the row and writing the document (a paused VM, a retried request); past it, such a late write of
 * an older version would bring a deleted photo's document back. An hour costs some 200 bytes for each photo deleted
 * within it. A restarted node forgets sooner: indexPhoto looks at the row once more after its write.
 */
const DELETED_VERSIONS_KEPT = '1h'

/** Said outright although it is the default: with it unsaid, a shard without searches stops refreshing after 30 s. */
const REFRESH_INTERVAL = '1s'

/**
 * Segments lie in the order of `recent`, so that a list stops after its page instead of sorting all that matches: over
 * 100,000 photos, a page of a tag on 33,000 of them took 4 ms instead of 131, a page by relevance 15 instead of 113.
 */
const NEWEST_FIRST: Types.Indices_Common.IndexSegmentSort = {
  field: ['publishedAt', 'photoId'],
  order: ['desc', 'desc'],
}

/** One shard holds some 50 million captions and can be split in place; a copy appears with the second data node. */
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
 * A word scores the boost of the field it is found in, nothing else. BM25 would weigh words by how rare they are in
 * *all* captions, private ones among them, so that scores and order would tell of photos that the viewer may not see;
 * and its scores move with every document written and differ between copies of a shard, so that pages would drift.
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

/** Fields are added here; a field that changes its meaning asks for the next version of the index. */
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
    version: { type: 'integer', index: false },
  },
} as const satisfies Types.Common_Mapping.TypeMapping
