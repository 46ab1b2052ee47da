import { tagNamed } from '../src/domain/hashtags.ts'
import type { UserId } from '../src/domain/ids.ts'
import type { PhotoSearch } from '../src/infra/opensearch/photo-index.ts'
import { buildPhotoQuery } from '../src/services/search/search-query.ts'
import { WORDS } from './searchable-photos.ts'

/** Photos of a page. */
export const PAGE = 20
const RADIUS_KM = 300

export type Kind = 'hashtag' | 'keyword' | 'geo'
export const KINDS: readonly Kind[] = ['hashtag', 'keyword', 'geo']

/** One question, the same for all contenders. */
export interface Question {
  words: [string, string]
  point: { latitude: number; longitude: number }
}

/** Frequent words more often, as people ask; two that are often met together; and points all over. */
export function questionAt(at: number): Question {
  const drawn = (nth: number) => (nth * 0.618_034) % 1
  const wordAt = (nth: number, of: number) => WORDS[Math.floor(drawn(nth) ** 3 * of)]!
  return {
    words: [wordAt(at, WORDS.length), wordAt(at + 7, WORDS.length / 10)],
    point: { latitude: ((at * 37) % 120) - 60, longitude: ((at * 53) % 360) - 180 },
  }
}

/** The query of GET /search/photos. */
export function toQueryString(kind: Kind, { words, point }: Question): string {
  if (kind === 'hashtag') return `tag=${words[0]}`
  if (kind === 'keyword') return `q=${words.join('%20')}`
  return `near=${point.latitude},${point.longitude}&radius=${RADIUS_KM}`
}

/** The search that the API sends for an account without relations. */
export function toPhotoSearch(
  kind: Kind,
  { words, point }: Question,
  userId: UserId,
): Pick<PhotoSearch, 'query' | 'order'> {
  const filters = {
    hashtag: { tag: tagNamed(words[0]) },
    keyword: { q: words.join(' ') },
    geo: { near: point, radius: RADIUS_KM },
  }[kind]
  const { query, scored } = buildPhotoQuery({ kind: 'user', userId }, NO_RELATIONS, filters, {
    album: undefined,
    now: Date.now(),
  })
  return { query, order: scored ? 'relevance' : 'recent' }
}

/** The same, but with the documents, which a caller of OpenSearch would show. */
export function toRawSearch(kind: Kind, question: Question, userId: UserId): object {
  const { query, order } = toPhotoSearch(kind, question, userId)
  const recent = [{ publishedAt: 'desc' }, { photoId: 'desc' }]
  return {
    size: PAGE + 1,
    track_total_hits: 1_000,
    query,
    sort: order === 'relevance' ? ['_score', ...recent] : recent,
  }
}
const NO_RELATIONS = { followees: [], blocked: [] }

/** The nearest that Postgres alone offers; see the setting of its contender. */
export function toSql(kind: Kind, { words, point }: Question): [text: string, values: unknown[]] {
  const page = `ORDER BY p.score DESC, p.photo_id DESC LIMIT ${PAGE + 1}`
  const of = `p.status = 'ready' AND p.visibility = 'public'`
  if (kind === 'hashtag')
    return [
      `SELECT p.* FROM photo_tags t JOIN photos p USING (photo_id) WHERE t.tag = $1 AND ${of} ${page}`,
      [words[0]],
    ]
  if (kind === 'keyword')
    return [
      `SELECT p.* FROM photos p WHERE to_tsvector('simple', p.caption) @@ plainto_tsquery('simple', $1) AND ${of} ${page}`,
      [words.join(' ')],
    ]
  return [
    `SELECT p.* FROM photos p WHERE p.latitude BETWEEN $1::float8 - $3 AND $1::float8 + $3
       AND p.longitude BETWEEN $2::float8 - $3 AND $2::float8 + $3 AND p.share_location AND ${of} ${page}`,
    [point.latitude, point.longitude, RADIUS_KM / KM_A_DEGREE],
  ]
}
const KM_A_DEGREE = 111

/** Makes its keyword search one by an index. */
export const CAPTION_INDEX = `
  CREATE INDEX bench_caption_idx ON photos USING gin (to_tsvector('simple', caption)) WHERE status = 'ready'`
