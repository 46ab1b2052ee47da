import { z } from 'zod'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { CommentParams, idOf, instant, listOf, pageQuery, PhotoParams, visibleText } from '../inputs.ts'
import { OwnerSchema } from '../photos/schema.ts'
import { commentExample, commentsExample } from './examples.ts'

export const CommentSchema = z
  .object({
    id: z.string(),
    photoId: z.string(),
    parentId: z.string().nullable().meta({ description: 'The comment that this one replies to.' }),
    author: OwnerSchema,
    deleted: z.boolean().meta({
      description:
        'Its author left for good. It has no text, nobody replies to it any more, and it stands as long as it has replies.',
    }),
    text: z.string(),
    mentions: z.array(z.object({ id: z.string(), username: z.string() })).meta({
      description:
        `The accounts that the text names as \`@username\`, regardless of case: the first ${MAX_ITEMS.mentionsPerComment}, ` +
        'without those that do not exist for you or for the author. Other names are text.',
    }),
    replyCount: z.number().int(),
    createdAt: instant,
    editedAt: instant.nullable().meta({ description: 'null unless the author has edited it.' }),
  })
  .meta({ id: 'Comment' })

const CommentAnswer = z.object({ comment: CommentSchema })

const text = visibleText(MAX_CHARACTERS.comment)

export const ListComments = operation({
  id: 'listComments',
  summary: 'List the comments on a photo, or the replies to one of them',
  description:
    'Comments are listed newest first, each with its `replyCount`; the replies to `parentId` oldest first, as people read a ' +
    'conversation. Comments by suspended accounts and by those behind a block are left out, so a list may be shorter than ' +
    '`commentCount` or `replyCount`.',
  params: PhotoParams,
  query: z.strictObject({
    ...pageQuery,
    parentId: idOf('comment').optional().meta({ description: 'Lists the replies to this comment.' }),
  }),
  examples: { answer: commentsExample },
  responses: { 200: listOf(CommentSchema) },
  errors: ['not_found', 'bad_cursor'],
})

export const CreateComment = operation({
  id: 'createComment',
  summary: 'Comment on a photo, or reply to a comment',
  description:
    'The `commentPolicy` of the photo says who may; its owner always may. There are two levels: a reply cannot be replied ' +
    'to. `#hashtags` of comments are text, and `@username` mentions an account.',
  params: PhotoParams,
  body: z.strictObject({
    text,
    parentId: idOf('comment').optional().meta({ description: 'The top-level comment to reply to.' }),
  }),
  examples: { body: { text: commentExample.text }, answer: { comment: commentExample } },
  answersLocation: true,
  gives: { commentId: '/comment/id' },
  responses: { 201: CommentAnswer },
  errors: ['not_found', 'forbidden'],
})

export const GetComment = operation({
  id: 'getComment',
  summary: 'Get a comment',
  params: CommentParams,
  examples: { answer: { comment: commentExample } },
  responses: { 200: CommentAnswer },
  errors: ['not_found'],
})

export const UpdateComment = operation({
  id: 'updateComment',
  summary: 'Edit your comment',
  description: 'Honours If-Match. Only its author may; from then on it has `editedAt`.',
  params: CommentParams,
  body: z.strictObject({ text }),
  examples: {
    body: { text: 'The fog makes it!' },
    answer: {
      comment: {
        ...commentExample,
        text: 'The fog makes it!',
        mentions: [],
        editedAt: '2026-03-09T19:41:00.000Z',
      },
    },
  },
  responses: { 200: CommentAnswer },
  errors: ['not_found', 'forbidden', 'precondition_failed'],
})

export const DeleteComment = operation({
  id: 'deleteComment',
  summary: 'Delete a comment, with its replies',
  description: "Its author, the photo's owner and moderators may.",
  params: CommentParams,
  responses: { 204: null },
  errors: ['not_found', 'forbidden'],
})
