import { z } from 'zod'
import { ALBUM_ACTIVITIES, ALBUM_ROLES, GIVEN_ROLES } from '../../../domain/albums.ts'
import { operation } from '../../operation.ts'
import { instant, listOf, pageQuery, username } from '../inputs.ts'
import { OwnerSchema } from '../photos/schema.ts'
import { activityExample, albumExample, memberExample, membersExample } from './examples.ts'
import { AlbumAnswer, AlbumParams } from './schema.ts'

const MemberParams = AlbumParams.extend({ username })

export const MemberSchema = z
  .object({ user: OwnerSchema, role: z.enum(ALBUM_ROLES), addedAt: instant })
  .meta({ id: 'AlbumMember' })

export const ActivitySchema = z
  .object({
    id: z.string(),
    kind: z.enum(ALBUM_ACTIVITIES),
    actor: OwnerSchema,
    photoId: z.string().nullable(),
    user: OwnerSchema.nullable().meta({ description: 'To whom the actor did it.' }),
    createdAt: instant,
  })
  .meta({ id: 'AlbumActivity' })

export const ListAlbumMembers = operation({
  id: 'listAlbumMembers',
  summary: 'List the members of an album, its owner among them',
  description: 'For members, in the order in which they came.',
  params: AlbumParams,
  query: z.strictObject(pageQuery),
  examples: { answer: membersExample },
  responses: { 200: listOf(MemberSchema) },
  errors: ['not_found', 'forbidden', 'bad_cursor'],
})

export const PutAlbumMember = operation({
  id: 'putAlbumMember',
  summary: 'Make a user a member of an album, or change their role',
  description:
    'For its owner and admins. The user is not asked, and may leave. A block between the user and the owner of the album ' +
    'ends the membership, whoever makes it.',
  params: MemberParams,
  body: z.strictObject({ role: z.enum(GIVEN_ROLES) }),
  examples: { body: { role: 'contributor' }, answer: { member: memberExample } },
  responses: { 200: z.object({ member: MemberSchema }) },
  errors: ['not_found', 'forbidden', 'quota_exceeded'],
})

export const RemoveAlbumMember = operation({
  id: 'removeAlbumMember',
  summary: 'Remove a member from an album',
  description: 'For its owner and admins. The photos that the member has added go with them.',
  params: MemberParams,
  responses: { 204: null },
  errors: ['not_found', 'forbidden', 'invalid'],
})

export const LeaveAlbum = operation({
  id: 'leaveAlbum',
  summary: 'Leave an album',
  description:
    'Takes back the photos that you have added. The owner transfers the album first, or deletes it.',
  params: AlbumParams,
  responses: { 204: null },
  errors: ['not_found', 'invalid'],
})

export const TransferAlbum = operation({
  id: 'transferAlbum',
  summary: 'Make a member the owner of an album',
  description: 'For its owner, who becomes an admin.',
  params: AlbumParams,
  body: z.strictObject({ username }),
  examples: { body: { username: 'grace' }, answer: { album: albumExample } },
  responses: { 200: AlbumAnswer },
  errors: ['not_found', 'forbidden', 'invalid', 'quota_exceeded'],
})

export const ListAlbumActivity = operation({
  id: 'listAlbumActivity',
  summary: 'List what happened in an album, latest first',
  description:
    'For members, kept for 90 days. Entries about photos or accounts that are hidden from you are left out.',
  params: AlbumParams,
  query: z.strictObject(pageQuery),
  examples: { answer: activityExample },
  responses: { 200: listOf(ActivitySchema) },
  errors: ['not_found', 'forbidden', 'bad_cursor'],
})
