import { z } from 'zod'
import { COMMENT_POLICIES } from '../../../domain/comments.ts'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { MAX_PASSWORD, MIN_PASSWORD } from '../../../domain/passwords.ts'
import { ROLES } from '../../../domain/moderation.ts'
import { isReservedUsername } from '../../../domain/usernames.ts'
import { operation } from '../../operation.ts'
import { atLeastOneField, characters, instant, line, text, USERNAME } from '../inputs.ts'
import { ownUserExample, quotaExample, signedInExample } from './examples.ts'
import { twoFactorExample } from './factor-examples.ts'

/** Of a square of 256 pixels at most. */
export const avatarUrl = z.string().nullable().meta({
  description:
    'A square in AVIF, WebP or JPEG, by the Accept header. Another avatar has another URL. If it answers 403 or 404, fetch the account again.',
})

export const UserSchema = z
  .object({
    id: z.string(),
    username: z.string(),
    displayName: z.string().nullable(),
    bio: z.string().nullable(),
    isPrivate: z.boolean(),
    avatarUrl,
    avatarSources: z.array(z.object({ size: z.number().int(), url: z.string() })).meta({
      description: 'Smallest first; `size` is the side of the square, or less if the picture was smaller.',
    }),
    createdAt: instant,
  })
  .meta({ id: 'User' })

/** The account as it sees itself. */
export const OwnUserSchema = UserSchema.extend({
  defaultCommentPolicy: z
    .enum(COMMENT_POLICIES)
    .meta({ description: 'Who may comment on your photos, unless a photo has a policy of its own.' }),
  suspension: z
    .object({ until: instant.nullable().meta({ description: 'Null if it does not end by itself.' }) })
    .nullable()
    .meta({
      description:
        'Null unless your account is suspended: then nobody else sees it, and you can only read what was decided and appeal.',
    }),
  readTextInPhotos: z
    .boolean()
    .meta({ description: 'Text in your photos is read, and you find them by it.' }),
}).meta({ id: 'OwnUser' })

/** What the account may store, and what its originals take. */
const QuotaSchema = z
  .object({
    bytes: z.number().int(),
    bytesUsed: z.number().int().meta({
      description: 'Of the originals: awaited ones count as declared, failed and deleted ones not.',
    }),
    photos: z.number().int(),
    photosUsed: z.number().int(),
  })
  .meta({ id: 'Quota' })

/** The second factors that the account has. */
const TwoFactorSchema = z
  .object({
    totp: z.boolean().meta({ description: 'An authenticator app.' }),
    passkeys: z.number().int(),
    recoveryCodes: z.number().int().meta({ description: 'Those that are left.' }),
  })
  .meta({ id: 'TwoFactor' })

export const SignedInSchema = z
  .object({
    user: UserSchema,
    accessToken: z.string().meta({ description: 'Send as Authorization: Bearer <accessToken>.' }),
    refreshToken: z.string(),
    expiresIn: z.number().int().meta({ description: 'Seconds until the access token expires.' }),
  })
  .meta({ id: 'SignedIn' })

const newPassword = characters(MIN_PASSWORD, MAX_PASSWORD).meta({
  description:
    'Length in code points. NUL and lone surrogates are refused, and so are common passwords and the names of the account and of the service.',
})

/** What the list of devices calls the one that signs in. */
export const deviceName = line(MAX_CHARACTERS.deviceName).optional()

export const newUsername = z
  .string()
  .regex(
    USERNAME,
    `Letters, digits, _ . and -, at most ${MAX_CHARACTERS.username}, starting with a letter or digit.`,
  )
  .refine((username) => !isReservedUsername(username), 'Reserved.')
  .meta({
    description:
      'Names such as `me`, `admin` and `support` are reserved. A name that looks like an existing one (`paypa1`, `PaypaI`) is taken.',
  })

export const CreateUser = operation({
  id: 'createUser',
  summary: 'Sign up',
  body: z.strictObject({
    username: newUsername,
    password: newPassword,
    displayName: line(MAX_CHARACTERS.displayName).optional(),
    deviceName,
  }),
  examples: {
    body: { username: 'ada', password: 'correct horse battery staple', displayName: 'Ada Lovelace' },
    answer: signedInExample,
  },
  gives: { username: '/user/username' },
  responses: { 201: SignedInSchema },
  errors: ['username_taken'],
})

export const GetMe = operation({
  id: 'getMe',
  whileSuspended: true,
  summary: 'Get your account',
  examples: {
    answer: { user: ownUserExample, quota: quotaExample, role: 'user', twoFactor: twoFactorExample },
  },
  responses: {
    200: z.object({
      user: OwnUserSchema,
      quota: QuotaSchema,
      role: z.enum(ROLES).meta({ description: 'What it may moderate.' }),
      twoFactor: TwoFactorSchema,
    }),
  },
})

export const UpdateMe = operation({
  id: 'updateMe',
  summary: 'Edit your account',
  description: 'Honours If-Match.',
  body: atLeastOneField(
    z.strictObject({
      displayName: line(MAX_CHARACTERS.displayName).optional(),
      bio: text(MAX_CHARACTERS.bio).optional(),
      isPrivate: z
        .boolean()
        .meta({
          description:
            'A private account approves its followers, and only they see its photos and lists. Turning private keeps the ' +
            'followers there are; turning public approves the requests that wait.',
        })
        .optional(),
      defaultCommentPolicy: z.enum(COMMENT_POLICIES).optional(),
      readTextInPhotos: z
        .boolean()
        .meta({
          description:
            'Text in your photos is read, those that you have included, so that you find them by it; others only find those ' +
            'with `shareText`. Turning it off deletes what was read.',
        })
        .optional(),
    }),
  ),
  examples: { body: { displayName: 'Ada', bio: 'Light on silver.' }, answer: { user: ownUserExample } },
  responses: { 200: z.object({ user: OwnUserSchema }) },
  errors: ['precondition_failed'],
})
