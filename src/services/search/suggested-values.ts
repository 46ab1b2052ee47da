import { tagNamed } from '../../domain/hashtags.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../domain/limits.ts'
import { viewerUserId } from '../../domain/viewer.ts'
import { visibleTo } from '../../infra/opensearch/visibility.ts'
import type { PhotoIndex } from '../../infra/opensearch/photo-index.ts'
import type { ValueRequest } from '../../infra/opensearch/suggestions.ts'
import type { Reader } from '../lists/list-read.ts'
import { relationsOf } from './search-relations.ts'
import { foldText } from './search-text.ts'
import { suggestibleHits } from './visible-hits.ts'

/** Tags and places that find photos, as `tag` and `place` of a search take them. */
export interface SuggestedValues {
  tags: string[]
  places: string[]
}

const LEADING_STARTER = /^\s*[#\uff03\ufe5f]/v

/**
 * Tags that begin as was typed, and places of which a word does, of photos that the viewer finds and that may be recommended.
 * Each value is shown only if Postgres still says so of one of its latest photos.
 * @throws DarkroomError `unavailable` with OpenSearch down
 */
export async function suggestValues(
  index: Pick<PhotoIndex, 'values'>,
  { query, viewer }: Reader,
  typed: string,
): Promise<SuggestedValues> {
  const [tag, place] = [tagBeginning(typed), placeBeginning(typed)]
  if (tag === '' && place === '') return { tags: [], places: [] }
  const { relations } = await relationsOf(query, viewer)
  const among = { bool: { filter: [visibleTo(viewer, relations), { term: { status: { value: 'ready' } } }] } }
  const read = (kind: ValueRequest['kind'], folded: string) =>
    folded === '' ? [] : index.values({ kind, typed: folded, among, viewerId: viewerUserId(viewer) })
  const [tags, places] = await Promise.all([read('tags', tag), read('places', place)])
  const photoIds = [...new Set([...tags, ...places].flatMap((value) => value.photoIds))]
  const shown = await suggestibleHits(query, viewer, photoIds)
  const isShown = (value: { photoIds: PhotoId[] }) => value.photoIds.some((photoId) => shown.has(photoId))
  const named = (values: typeof tags, isFirst: (value: string) => boolean) => {
    const names = values.filter(isShown).map(({ value }) => value)
    const [first, rest] = [names.filter(isFirst), names.filter((name) => !isFirst(name))]
    return [...first, ...rest].slice(0, MAX_ITEMS.suggestions)
  }
  return {
    tags: named(tags, (value) => value === tag),
    // A place may also match by its region or country.
    places: named(places, (value) => foldText(value).startsWith(place)),
  }
}

/** Folded; empty if no tag begins so. */
function tagBeginning(typed: string): string {
  const folded = tagNamed(typed.trim())
  return folded.length <= MAX_CHARACTERS.tag && IN_TAGS.test(folded) ? folded : ''
}

/** Letters, digits, marks and the punctuation within tags, none of which means anything to a regular expression. */
const IN_TAGS = /^[\p{L}\p{N}\p{M}_\xb7\u30fb\u301c\u30a0\u05be\u05f3\u05f4\u0f0b\u0f0c]+$/u

/** Folded; empty if a tag is being typed. */
function placeBeginning(typed: string): string {
  const folded = foldText(typed).trim()
  return LEADING_STARTER.test(typed) || folded.length > MAX_PLACE_CHARACTERS ? '' : folded
}

/** No place has a longer name. */
const MAX_PLACE_CHARACTERS = 100
