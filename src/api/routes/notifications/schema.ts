import { z } from 'zod'
import { MAX_ITEMS } from '../../../domain/limits.ts'
import { ALWAYS_IN_APP, MAX_COUNTED_ACTORS, NOTIFICATION_KINDS } from '../../../domain/notifications.ts'
import { operation } from '../../operation.ts'
import { AlbumSchema } from '../albums/schema.ts'
import { CommentSchema } from '../engagement/comment-schema.ts'
import { atLeastOneField, instant, listOf, pageQuery } from '../inputs.ts'
import { OwnerSchema, PhotoSchema } from '../photos/schema.ts'
import { notificationsExample, settingsExample } from './examples.ts'

const kind = z.enum(NOTIFICATION_KINDS).meta({
  description:
    '`follow`: follows you; `follow_request`: asks to; `follow_approved`: lets you follow; `like`, `comment`: of a photo of yours; ' +
    '`reply`: to a comment of yours; `mention`: of you in a comment; `album_shared`: made you a member of an album; `drop_box`: ' +
    'a guest has left a photo in the drop box of an album of yours, which waits for you; `original_restored`: the original that you asked for can be downloaded; `moderation_decision`: moderation has decided about something of yours, see `GET /me/moderation`; ' +
    '`report_outcome`: about something that you reported, see `GET /me/reports`; `security`: something happened to the safety of your account, see `GET /me/security-events`; `webhook_disabled`: a webhook of yours has failed for days or is gone, see `GET /me/webhooks`; `export_ready`: an export that you asked for can be downloaded, see `GET /me/exports`. Clients should pass over kinds that they do not know.',
})

export const NotificationSchema = z
  .object({
    id: z.string(),
    kind,
    actors: z.array(OwnerSchema).meta({ description: 'The latest of those who did it, at most three.' }),
    actorCount: z
      .number()
      .int()
      .meta({
        description:
          `How many did it, without those whom you may not know. Beyond ${MAX_COUNTED_ACTORS}, all who ever did count, also those who ` +
          'have taken it back since. Of a drop box, how many photos wait; of `moderation_decision` and `report_outcome`, how many decisions; of `security`, how many events; of `export_ready`, how many exports; guests have no account, and are no actors.',
      }),
    photo: PhotoSchema.optional().meta({ description: 'Of a drop box, the latest that waits.' }),
    comment: CommentSchema.optional().meta({ description: 'The latest comment.' }),
    album: AlbumSchema.optional(),
    createdAt: instant.meta({ description: 'When you were told of the latest of it. ISO 8601, UTC.' }),
    readAt: instant.nullable(),
  })
  .meta({ id: 'Notification' })

export const ListNotifications = operation({
  id: 'listNotifications',
  summary: 'List what you were told of, latest first',
  description:
    'What many did about one thing is one notification until you have read it: it moves to the top whenever somebody joins. You are ' +
    'told of the same thing by the same account once. What was taken back, what you may no longer see, and accounts that are ' +
    'suspended, muted or behind a block are left out at once, with the notification if nothing is left of it. Kept for 90 days, ' +
    `and ${MAX_ITEMS.notificationsPerUser} at most.`,
  query: z.strictObject(pageQuery),
  examples: { answer: notificationsExample },
  responses: { 200: listOf(NotificationSchema) },
  errors: ['bad_cursor'],
})

export const CountUnreadNotifications = operation({
  id: 'countUnreadNotifications',
  summary: 'Count the notifications in your list that are unread',
  examples: { answer: { count: 2 } },
  responses: { 200: z.object({ count: z.number().int() }) },
})

export const ReadNotifications = operation({
  id: 'readNotifications',
  summary: 'Mark notifications as read',
  description:
    'Those that you were told of until `upTo`: give the `createdAt` of the first one that you have shown. One that somebody has ' +
    'joined since stays unread.',
  body: z.strictObject({
    upTo: z.iso
      .datetime({ offset: true, error: 'An ISO 8601 date and time with an offset.' })
      .transform((given) => new Date(given)),
  }),
  examples: { body: { upTo: '2026-03-09T19:45:00.000Z' } },
  responses: { 204: null },
})

const SettingSchema = z.object({
  inApp: z
    .boolean()
    .meta({ description: 'Whether they get into the list. Holds for what happens from then on.' }),
  push: z.boolean().meta({
    description:
      'Whether the devices of `GET /me/push-subscriptions` are told, of what gets into the list and at most once a minute of each notification.',
  }),
})

const SettingsAnswer = z.object({
  settings: z.object(
    Object.fromEntries(NOTIFICATION_KINDS.map((kind) => [kind, SettingSchema])) as Record<
      (typeof NOTIFICATION_KINDS)[number],
      typeof SettingSchema
    >,
  ),
})

export const GetNotificationSettings = operation({
  id: 'getNotificationSettings',
  summary: 'Get what you want to hear of, by kind',
  examples: { answer: settingsExample },
  responses: { 200: SettingsAnswer },
})

const settingChange = (inApp: z.ZodType<boolean>) =>
  atLeastOneField(z.strictObject({ inApp: inApp.optional(), push: z.boolean().optional() })).optional()

const anyChange = settingChange(z.boolean())
const alwaysInApp = settingChange(z.literal(true, 'These are always in the list.'))

export const UpdateNotificationSettings = operation({
  id: 'updateNotificationSettings',
  summary: 'Change what you want to hear of',
  description:
    'A comment that mentions you, replies to you and is on a photo of yours tells you of the first of these kinds that you want to ' +
    'hear of. `security` stays in the list.',
  body: atLeastOneField(
    z.strictObject(
      Object.fromEntries(
        NOTIFICATION_KINDS.map((kind) => [kind, kind === ALWAYS_IN_APP ? alwaysInApp : anyChange]),
      ) as Record<(typeof NOTIFICATION_KINDS)[number], typeof anyChange>,
    ),
  ),
  examples: { body: { like: { inApp: false } }, answer: settingsExample },
  responses: { 200: SettingsAnswer },
})
