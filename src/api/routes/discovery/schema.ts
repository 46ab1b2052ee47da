import { z } from 'zod'
import { MAX_SIMILAR_DISTANCE } from '../../../domain/likeness.ts'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../../domain/limits.ts'
import { SIMILAR_AMONG } from '../../../services/discovery/similar-photos.ts'
import { operation } from '../../operation.ts'
import { UserSchema } from '../accounts/schema.ts'
import { usersExample } from '../graph/examples.ts'
import { listOf, pageQuery, PhotoParams, queryText } from '../inputs.ts'
import { photoExample, photosExample } from '../photos/examples.ts'
import { PhotoSchema } from '../photos/schema.ts'

export const SearchUsers = operation({
  id: 'searchUsers',
  summary: 'Search accounts by name',
  description:
    'Each word of `q` must begin a word of the username or display name, whatever its case and accents. The account of exactly that name ' +
    'comes first, then those that you follow, then others; within these, accounts with more followers come earlier. A page may be short ' +
    'before the end.',
  query: z.strictObject({ ...pageQuery, q: queryText(1, MAX_CHARACTERS.displayName) }),
  examples: { answer: usersExample },
  responses: { 200: listOf(UserSchema) },
  errors: ['bad_cursor'],
})

const TrendingTagSchema = z
  .object({
    tag: z.string().meta({ description: 'Folded, as `GET /tags/:tag/photos` takes it.' }),
    count: z
      .number()
      .int()
      .meta({
        description: `How many accounts used it lately, of those whose photos you may see; at most ${MAX_ITEMS.authorsPerTrendingTag}.`,
      }),
  })
  .meta({ id: 'TrendingTag' })

export const ListTrendingTags = operation({
  id: 'listTrendingTags',
  summary: 'List the tags that trend',
  description:
    'Tags of public photos of the last three days by at least three accounts, those of the most and the latest accounts first: each counts once, ' +
    'and half as much after twelve hours. Ranked every five minutes.',
  query: z.strictObject(pageQuery),
  examples: {
    answer: {
      items: [
        { tag: 'zurich', count: 41 },
        { tag: 'fog', count: 12 },
      ],
      nextCursor: null,
    },
  },
  responses: { 200: listOf(TrendingTagSchema) },
  errors: ['bad_cursor', 'cursor_expired'],
})

export const Explore = operation({
  id: 'explore',
  summary: 'List popular public photos',
  description:
    'Photos of the last two weeks by the likes of others, half as much for each day of age; those of one account far apart. Without sensitive ' +
    'photos, and without those of accounts that you block or mute. Ranked every five minutes; a walk keeps its order for two hours. A page may ' +
    'be short before the end.',
  query: z.strictObject(pageQuery),
  examples: { answer: photosExample },
  responses: { 200: listOf(PhotoSchema) },
  errors: ['bad_cursor', 'cursor_expired'],
})

export const SuggestSearches = operation({
  id: 'suggestSearches',
  summary: 'Suggest tags, accounts and places for a search that is being typed',
  description:
    `At most ${MAX_ITEMS.suggestions} each: tags that begin with \`q\` and places of which a word does, of photos that you may find and that are neither sensitive ` +
    'nor limited by moderation; accounts as `GET /search/users` finds them. With `#` in front there are only tags, with `@` only accounts.',
  query: z.strictObject({ q: queryText(1, MAX_CHARACTERS.displayName) }),
  examples: {
    answer: {
      tags: [{ tag: 'zurich' }, { tag: 'zurichsee' }],
      users: usersExample.items,
      places: [{ place: 'Zürich, Switzerland' }],
    },
  },
  responses: {
    200: z.object({
      tags: z.array(
        z.object({ tag: z.string().meta({ description: 'For `tag` of `GET /search/photos`.' }) }),
      ),
      users: z.array(UserSchema),
      places: z.array(
        z.object({ place: z.string().meta({ description: 'For `place` of `GET /search/photos`.' }) }),
      ),
    }),
  },
  errors: [],
})

export const ListSimilar = operation({
  id: 'listSimilarPhotos',
  summary: 'List photos that look like a photo',
  description:
    'By the same hash as duplicates: copies, crops and edits, and photos of the same scene; those that look most like it first. Others’ photos are public ones, without ' +
    'those that are sensitive, limited or hidden from explore by moderation. Empty for a photo that has nothing to be recognised by, and for older ones without a hash.',
  params: PhotoParams,
  query: z.strictObject({
    ...pageQuery,
    among: z
      .enum(SIMILAR_AMONG)
      .default('public')
      .meta({
        description: '`own`: your photos. `public`: photos of others that everyone sees.',
        override: { default: 'public' },
      }),
  }),
  examples: { answer: { items: [{ ...photoExample, distance: 4 }], nextCursor: null } },
  responses: {
    200: listOf(
      PhotoSchema.extend({
        distance: z
          .number()
          .int()
          .min(0)
          .max(MAX_SIMILAR_DISTANCE)
          .meta({ description: 'How many of 64 bits differ.' }),
      }),
    ),
  },
  errors: ['not_found', 'bad_cursor'],
})
