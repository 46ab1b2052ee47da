import { randomBytes, randomUUID } from 'node:crypto'
import {
  album,
  albumRole,
  blockable,
  deletableComment,
  edited,
  exists,
  factored,
  lists,
  membership,
  moderated,
  oneself,
  open,
  owned,
  profiled,
  seen,
  shared,
  signedIn,
  signsIn,
  unlessAway,
  type Rule,
  type Subject,
} from './rules.ts'
import {
  ACTIVITY,
  ALBUM,
  AVATAR,
  CASE,
  CLUSTER,
  COMMENT,
  DUPLICATES,
  ERASURE,
  EXPORT,
  FOUND_PHOTO,
  SIMILAR_PHOTO,
  LINK,
  MEMBER,
  MEMORY,
  NEW_LINK,
  NEW_PHOTO,
  OFFERED,
  NOTIFICATION,
  NOTIFICATION_SETTINGS,
  OWN_USER,
  pageOf,
  PHOTO,
  PHOTO_METADATA,
  IDENTITY,
  OWN_DECISION,
  PASSKEY,
  PERSONAL_TOKEN,
  POLICY,
  PROFILE,
  AVAILABILITY,
  PROGRESS,
  PUSH_SUBSCRIPTION,
  QUOTA,
  REPORT,
  SECURITY_EVENT,
  SESSION,
  SHARED,
  SIGNED_IN,
  STATS,
  TRASHED,
  TWO_FACTOR,
  UPLOAD,
  USER,
  values,
  WEBHOOK,
  type Shape,
} from './shapes.ts'

interface Line {
  /** The status for everyone, by the rules of `src/domain`. */
  rule: Rule
  /** The fields of a successful answer. Without it, none. */
  shows?: Shape
  query?: (subject: Subject) => string
  body?: (subject: Subject) => unknown
  headers?: Record<string, string>
  /**
   * Asked for each photo of each account (the path names `:photoId`, `:commentId` or `:albumId`), for each account (`:username`,
   * `:tag`), else once by each principal.
   */
  per?: 'photo' | 'account'
  /** Whom the path names, if not the account. */
  username?: (subject: Subject) => string
  /** Its list holds the photos of the account that the asker may see, or is in the audience of, and no others. */
  complete?: 'seen' | 'audience'
  /** A suspended account may ask it too. */
  whileSuspended?: true
  /** Succeeds only once, or changes who may see what: each request that should succeed gets an account of its own. */
  fresh?: true
}

const oldPassword = ({ asker, owner }: Subject) => ({
  username: (asker ?? owner).username,
  password: asker?.password ?? 'not the password',
})

const credential = () => ({
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  clientExtensionResults: {},
})
const clientDataJSON = Buffer.from(
  JSON.stringify({ type: 'webauthn.get', challenge: 'AAAA', origin: 'https://nowhere.example' }),
).toString('base64url')
const assertion = () => ({
  ...credential(),
  response: { clientDataJSON, authenticatorData: 'AAAA', signature: 'AAAA' },
})
const registration = () => ({ ...credential(), response: { clientDataJSON, attestationObject: 'AAAA' } })

/** A line for each route: who gets what. The test fails for a route without one. */
export const MATRIX: Readonly<Record<string, Line>> = {
  // Photos
  'GET /v1/photos/:photoId': { rule: seen(200), shows: { photo: PHOTO } },
  'GET /v1/photos/:photoId/metadata': { rule: seen(200), shows: { metadata: PHOTO_METADATA } },
  'GET /v1/photos/:photoId/similar': { rule: seen(200), shows: pageOf(SIMILAR_PHOTO) },
  'GET /v1/photos/:photoId/suggested-tags': {
    rule: signedIn(edited(200)),
    shows: { items: [values('tag', 'nearness')] },
  },
  // Set up without labels.
  'DELETE /v1/photos/:photoId/suggested-tags/:tag': { rule: signedIn(edited(404)) },
  'GET /v1/photos': {
    rule: open(200),
    per: 'account',
    query: ({ photos }) => `ids=${photos.map(({ photoId }) => photoId).join(',')}`,
    shows: { items: [PHOTO] },
    complete: 'seen',
  },
  'PATCH /v1/photos/:photoId': {
    rule: signedIn(edited(200)),
    body: () => ({ altText: 'Fog' }),
    shows: { photo: PHOTO },
  },
  'DELETE /v1/photos/:photoId': { rule: signedIn(edited(204)), fresh: true },
  // Not in the trash, so it stays as it is.
  'POST /v1/photos/:photoId/restore': { rule: signedIn(edited(200)), shows: { photo: PHOTO } },
  'GET /v1/me/trash': { rule: signedIn(200), shows: pageOf(TRASHED) },
  'GET /v1/me/duplicates': { rule: signedIn(200), shows: pageOf(DUPLICATES) },
  'GET /v1/me/erasures': { rule: signedIn(200), shows: pageOf(ERASURE) },
  'GET /v1/photos/:photoId/original': { rule: signedIn(edited(200)) },
  'GET /v1/photos/:photoId/original/restore': { rule: signedIn(edited(200)), shows: AVAILABILITY },
  'POST /v1/photos/:photoId/original/restore': { rule: signedIn(edited(202)), shows: AVAILABILITY },
  'GET /v1/photos/:photoId/progress': { rule: signedIn(edited(200)), shows: PROGRESS },
  // Its original has arrived, so there is nothing left to sign.
  'POST /v1/photos/:photoId/upload': { rule: signedIn(owned(409)) },
  'DELETE /v1/photos/:photoId/upload': { rule: signedIn(owned(409)) },
  'POST /v1/photos/:photoId/parts': { rule: signedIn(owned(409)), body: () => ({ numbers: [1] }) },
  'GET /v1/photos/:photoId/parts': { rule: signedIn(owned(409)) },
  // Of the asker's own photos, whatever others have.
  'POST /v1/me/photos/lookup': {
    rule: signedIn(200),
    body: () => ({ sha256: ['00'.repeat(32)] }),
    shows: { items: [values('sha256', 'photoId', 'status')] },
  },
  'POST /v1/photos/:photoId/complete': { rule: signedIn(owned(200)), shows: { photo: PHOTO } },
  'POST /v1/photos': {
    rule: signedIn(201),
    body: () => ({ contentType: 'image/jpeg', bytes: 10 }),
    shows: { photo: NEW_PHOTO, upload: UPLOAD },
  },

  // Likes and comments
  'PUT /v1/photos/:photoId/like': { rule: signedIn(seen(204)) },
  'DELETE /v1/photos/:photoId/like': { rule: signedIn(seen(204)) },
  'GET /v1/photos/:photoId/likes': { rule: seen(200), shows: pageOf(USER) },
  'GET /v1/photos/:photoId/comments': { rule: seen(200), shows: pageOf(COMMENT) },
  'POST /v1/photos/:photoId/comments': {
    rule: signedIn(seen(201)),
    body: () => ({ text: 'Fog!' }),
    shows: { comment: COMMENT },
  },
  'GET /v1/comments/:commentId': { rule: seen(200), shows: { comment: COMMENT } },
  'PATCH /v1/comments/:commentId': {
    rule: signedIn(edited(200)),
    body: () => ({ text: 'Mist.' }),
    shows: { comment: COMMENT },
  },
  'DELETE /v1/comments/:commentId': { rule: signedIn(deletableComment(204)), fresh: true },

  // Albums
  'POST /v1/albums': { rule: signedIn(201), body: () => ({ title: 'Fog' }), shows: { album: ALBUM } },
  'GET /v1/me/albums': { rule: signedIn(200), shows: pageOf(ALBUM) },
  'GET /v1/users/:username/albums': { rule: signedIn(lists(200)), shows: pageOf(ALBUM) },
  'GET /v1/photos/:photoId/albums': { rule: signedIn(seen(200)), shows: pageOf(ALBUM) },
  'GET /v1/albums/:albumId': { rule: signedIn(album(200)), shows: { album: ALBUM } },
  'PATCH /v1/albums/:albumId': {
    rule: signedIn(albumRole('edit', 200)),
    body: () => ({ description: 'Fog' }),
    shows: { album: ALBUM },
  },
  'DELETE /v1/albums/:albumId': { rule: signedIn(albumRole('transfer or delete', 204)), fresh: true },
  'GET /v1/albums/:albumId/photos': { rule: signedIn(album(200)), shows: pageOf(PHOTO) },
  // The owner's photo is there already, so this arranges it.
  'PUT /v1/albums/:albumId/photos/:photoId': {
    rule: signedIn(albumRole("arrange others' photos in", 204)),
  },
  'DELETE /v1/albums/:albumId/photos/:photoId': {
    rule: signedIn(albumRole("remove others' photos from", 204)),
    fresh: true,
  },
  'GET /v1/albums/:albumId/activity': {
    rule: signedIn(albumRole('see the activity of', 200)),
    shows: pageOf(ACTIVITY),
  },
  'GET /v1/albums/:albumId/members': {
    rule: signedIn(albumRole('see the members of', 200)),
    shows: pageOf(MEMBER),
  },
  'PUT /v1/albums/:albumId/members/:username': {
    rule: signedIn(albumRole('manage the members of', 200)),
    username: ({ bystander }) => bystander.username,
    body: () => ({ role: 'viewer' }),
    shows: { member: MEMBER },
  },
  'DELETE /v1/albums/:albumId/members/:username': {
    rule: signedIn(albumRole('manage the members of', 204)),
    username: ({ bystander }) => bystander.username,
  },
  'DELETE /v1/albums/:albumId/members/me': {
    rule: signedIn(oneself(422, membership(204, album(204)))),
    fresh: true,
  },
  // To whom it belongs already.
  'PUT /v1/albums/:albumId/owner': {
    rule: signedIn(albumRole('transfer or delete', 200)),
    body: ({ owner }) => ({ username: owner.username }),
    shows: { album: ALBUM },
  },

  // Share links and drop boxes
  'POST /v1/albums/:albumId/share-links': {
    rule: signedIn(albumRole('share links to', 201)),
    body: () => ({ maxViews: 5 }),
    shows: { link: NEW_LINK },
  },
  'GET /v1/albums/:albumId/share-links': {
    rule: signedIn(albumRole('share links to', 200)),
    shows: pageOf(LINK),
  },
  'DELETE /v1/albums/:albumId/share-links/:linkId': { rule: signedIn(albumRole('share links to', 204)) },
  'GET /v1/share/:token': { rule: shared(200), per: 'photo', shows: SHARED },
  'POST /v1/share/:token/uploads': {
    rule: shared(201),
    per: 'photo',
    body: () => ({ contentType: 'image/jpeg', bytes: 10, name: 'Karl' }),
    shows: { upload: UPLOAD, ticket: 'value' },
  },
  // Nobody has a ticket.
  'POST /v1/share/:token/uploads/:ticket/complete': { rule: shared(404), per: 'photo' },
  'GET /v1/albums/:albumId/drop-box': {
    rule: signedIn(albumRole('see the drop box of', 200)),
    shows: pageOf(OFFERED),
  },
  // Approved already. It was offered to the owner, and to no admin.
  'PUT /v1/albums/:albumId/drop-box/:itemId': {
    rule: signedIn(oneself(204, albumRole('see the drop box of', 404))),
  },
  'DELETE /v1/albums/:albumId/drop-box/:itemId': {
    rule: signedIn(albumRole('see the drop box of', 404)),
  },

  // Accounts
  'GET /v1/users/:username': { rule: profiled(200), shows: { user: PROFILE } },
  'GET /v1/users/:username/photos': { rule: lists(200), shows: pageOf(PHOTO), complete: 'audience' },
  'GET /v1/users/:username/followers': { rule: lists(200), shows: pageOf(USER) },
  'GET /v1/users/:username/following': { rule: lists(200), shows: pageOf(USER) },
  'PUT /v1/users/:username/follow': {
    rule: signedIn(oneself(422, exists(200))),
    shows: { status: 'value' },
    fresh: true,
  },
  'DELETE /v1/users/:username/follow': { rule: signedIn(exists(204)), fresh: true },
  'DELETE /v1/me/followers/:username': { rule: signedIn(exists(204)), fresh: true },
  'PUT /v1/users/:username/block': { rule: signedIn(oneself(422, blockable(204))), fresh: true },
  'DELETE /v1/users/:username/block': { rule: signedIn(blockable(204)), fresh: true },
  'PUT /v1/users/:username/mute': { rule: signedIn(oneself(422, profiled(204))), fresh: true },
  'DELETE /v1/users/:username/mute': { rule: signedIn(profiled(204)), fresh: true },
  // The account follows the asker, so it needs no approval. Nobody has asked to follow themselves.
  'PUT /v1/me/follow-requests/:username': { rule: signedIn(oneself(404, exists(204))), fresh: true },
  'DELETE /v1/me/follow-requests/:username': { rule: signedIn(exists(204)), fresh: true },

  // Found, and in the feed
  'GET /v1/feed': { rule: signedIn(200), per: 'account', shows: pageOf(PHOTO) },
  'GET /v1/search/photos': {
    rule: open(200),
    per: 'account',
    query: ({ owner }) => `user=${owner.username}`,
    shows: { ...pageOf(FOUND_PHOTO), ...values('total', 'didYouMean') },
    complete: 'audience',
  },
  'GET /v1/search/users': {
    rule: open(200),
    per: 'account',
    query: ({ owner }) => `q=${owner.username}`,
    shows: pageOf(USER),
  },
  'GET /v1/tags/trending': { rule: open(200), shows: pageOf(values('tag', 'count')) },
  'GET /v1/explore': { rule: open(200), shows: pageOf(PHOTO) },
  'GET /v1/search/suggest': {
    rule: open(200),
    per: 'account',
    query: ({ owner }) => `q=${owner.username}`,
    shows: { tags: [values('tag')], users: [USER], places: [values('place')] },
  },
  'GET /v1/tags/:tag/photos': { rule: open(200), shows: pageOf(PHOTO), complete: 'audience' },

  // One's own
  'GET /v1/me': {
    rule: signedIn(200),
    shows: { user: OWN_USER, quota: QUOTA, role: 'value', twoFactor: TWO_FACTOR },
    whileSuspended: true,
  },
  'PATCH /v1/me': { rule: signedIn(200), body: () => ({ bio: 'Light.' }), shows: { user: OWN_USER } },
  'GET /v1/me/timeline': { rule: signedIn(200), shows: pageOf(values('month', 'count')) },
  'GET /v1/me/map': {
    rule: signedIn(200),
    query: () => 'bbox=-180,-90,180,90&zoom=3',
    shows: { items: [CLUSTER] },
  },
  // Set up without an embedder.
  'GET /v1/me/photos/by-content': { rule: signedIn(422), query: () => 'q=boat' },
  'GET /v1/me/memories': {
    rule: signedIn(200),
    query: () => 'date=2026-05-01',
    shows: pageOf(MEMORY),
  },
  'GET /v1/me/blocks': { rule: signedIn(200), shows: pageOf(USER) },
  'GET /v1/me/mutes': { rule: signedIn(200), shows: pageOf({ ...USER, until: 'value' }) },
  'GET /v1/me/follow-requests': { rule: signedIn(200), shows: pageOf(USER) },
  'GET /v1/me/notifications': { rule: signedIn(200), shows: pageOf(NOTIFICATION) },
  'GET /v1/me/notifications/unread-count': { rule: signedIn(200), shows: { count: 'value' } },
  'PUT /v1/me/notifications/read': {
    rule: signedIn(204),
    body: () => ({ upTo: '2026-03-09T19:45:00.000Z' }),
  },
  'GET /v1/me/notification-settings': {
    rule: signedIn(200),
    shows: { settings: NOTIFICATION_SETTINGS },
  },
  'PATCH /v1/me/notification-settings': {
    rule: signedIn(200),
    body: () => ({ like: { push: true } }),
    shows: { settings: NOTIFICATION_SETTINGS },
  },
  'GET /v1/sessions': { rule: signedIn(200), shows: pageOf(SESSION) },
  'DELETE /v1/sessions/current': { rule: signedIn(204), fresh: true, whileSuspended: true },
  'DELETE /v1/sessions': { rule: signedIn(204), fresh: true },
  'PUT /v1/me/password': {
    rule: signedIn(204),
    body: ({ asker }) => ({
      currentPassword: asker?.password ?? 'none of hers',
      newPassword: `${randomBytes(8).toString('hex')} lenses`,
    }),
    fresh: true,
  },
  'POST /v1/me/deactivate': {
    rule: signedIn(204),
    body: ({ asker }) => ({ password: asker?.password ?? 'none of hers' }),
    fresh: true,
    whileSuspended: true,
  },
  'DELETE /v1/me': {
    rule: signedIn(202),
    body: ({ asker }) => ({ password: asker?.password ?? 'none of hers' }),
    shows: { erasure: values('id', 'startsAt', 'secret') },
    fresh: true,
    whileSuspended: true,
  },
  // Of nobody: those of others answer alike (test/integration/leaving/erasure.test.ts).
  'GET /v1/me/erasure': { rule: open(404), query: () => `id=${randomUUID()}` },
  'GET /v1/me/avatar': { rule: signedIn(200), shows: { avatar: AVATAR } },
  'POST /v1/me/avatar': {
    rule: signedIn(201),
    body: () => ({ contentType: 'image/jpeg', bytes: 1_000 }),
    shows: { upload: UPLOAD },
    fresh: true,
  },
  // None was opened.
  'POST /v1/me/avatar/complete': { rule: signedIn(409) },
  'DELETE /v1/me/avatar': { rule: signedIn(204) },
  'GET /v1/me/security-events': { rule: signedIn(200), shows: pageOf(SECURITY_EVENT) },
  'GET /v1/me/tokens': { rule: signedIn(200), shows: pageOf(PERSONAL_TOKEN) },
  'POST /v1/me/tokens': {
    rule: signedIn(201),
    body: () => ({ name: 'A program', scopes: ['read'] }),
    shows: { token: PERSONAL_TOKEN, secret: 'value' },
    fresh: true,
  },
  // Of nobody: those of others answer alike (test/integration/accounts/tokens.test.ts).
  'DELETE /v1/me/tokens/:tokenId': { rule: signedIn(() => 'hidden') },
  'GET /v1/me/push-subscriptions': {
    rule: signedIn(200),
    shows: { ...pageOf(PUSH_SUBSCRIPTION), publicKey: 'value' },
  },
  'POST /v1/me/push-subscriptions': {
    rule: signedIn(201),
    body: () => ({
      endpoint: `https://93.184.216.34/${randomBytes(8).toString('hex')}`,
      keys: {
        p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        auth: 'BTBZMqHH6r4Tts7J_aSIgg',
      },
    }),
    shows: { subscription: PUSH_SUBSCRIPTION },
    fresh: true,
  },
  // Of nobody: those of others answer alike (test/integration/web-push/subscriptions.test.ts).
  'DELETE /v1/me/push-subscriptions': {
    rule: signedIn(() => 'hidden'),
    body: () => ({ endpoint: 'https://93.184.216.34/nobody' }),
  },
  'GET /v1/me/webhooks': { rule: signedIn(200), shows: pageOf(WEBHOOK) },
  'POST /v1/me/webhooks': {
    rule: signedIn(201),
    body: () => ({ url: 'https://93.184.216.34/', events: ['photo.ready'] }),
    shows: { webhook: WEBHOOK, secret: 'value' },
    fresh: true,
  },
  // Of nobody: those of others answer alike (test/integration/webhooks/webhooks.test.ts).
  'GET /v1/me/webhooks/:webhookId': { rule: signedIn(() => 'hidden') },
  'PATCH /v1/me/webhooks/:webhookId': { rule: signedIn(() => 'hidden'), body: () => ({ enabled: false }) },
  'DELETE /v1/me/webhooks/:webhookId': { rule: signedIn(() => 'hidden') },
  'POST /v1/me/webhooks/:webhookId/secret': { rule: signedIn(() => 'hidden') },
  'GET /v1/me/webhooks/:webhookId/deliveries': { rule: signedIn(() => 'hidden') },
  'POST /v1/me/webhooks/:webhookId/deliveries/:deliveryId/replay': { rule: signedIn(() => 'hidden') },
  // Of nobody: those of others answer alike (test/integration/exports/routes.test.ts).
  'GET /v1/me/exports': { rule: signedIn(200), shows: pageOf(EXPORT), whileSuspended: true },
  'POST /v1/me/exports': {
    rule: signedIn(202),
    shows: { export: EXPORT },
    fresh: true,
    whileSuspended: true,
  },
  'GET /v1/me/exports/:exportId': { rule: signedIn(() => 'hidden'), whileSuspended: true },
  'DELETE /v1/me/exports/:exportId': { rule: signedIn(() => 'hidden'), whileSuspended: true },
  'DELETE /v1/sessions/:sessionId': { rule: signedIn(204), fresh: true },
  'POST /v1/users': {
    rule: open(201),
    body: () => ({ username: `u${randomBytes(8).toString('hex')}`, password: 'a long password' }),
    shows: SIGNED_IN,
  },
  // Nobody's own without an account. By the password alone, one with a second factor has no session.
  'POST /v1/sessions': {
    rule: signedIn(signsIn(factored(401, 201))),
    body: oldPassword,
    shows: SIGNED_IN,
    // A deactivated account comes back.
    fresh: true,
  },
  // Nobody has a challenge (test/integration/accounts/two-factor.test.ts).
  'POST /v1/sessions/two-factor': {
    rule: open(401),
    body: () => ({ challenge: randomBytes(32).toString('base64url'), code: '123456' }),
  },
  'POST /v1/sessions/passkey/options': { rule: open(201), shows: 'anything' },
  'POST /v1/sessions/passkey': { rule: open(401), body: assertion },
  'POST /v1/me/two-factor/totp': {
    rule: signedIn(201),
    shows: values('secret', 'otpauthUrl'),
    fresh: true,
  },
  // Nothing waits for a code.
  'POST /v1/me/two-factor/totp/confirm': {
    rule: signedIn(() => 'hidden'),
    body: () => ({ code: '123456' }),
  },
  'DELETE /v1/me/two-factor/totp': { rule: signedIn(factored(204, 'hidden')), fresh: true },
  'GET /v1/me/two-factor/recovery-codes': { rule: signedIn(200), shows: values('left', 'madeAt') },
  'POST /v1/me/two-factor/recovery-codes': {
    rule: signedIn(201),
    shows: { codes: ['value'] },
    fresh: true,
  },
  'POST /v1/me/presence/options': { rule: signedIn(201), shows: 'anything' },
  'POST /v1/me/passkeys/options': { rule: signedIn(201), shows: 'anything' },
  // Answers no challenge.
  'POST /v1/me/passkeys': { rule: signedIn(422), body: registration },
  'GET /v1/me/passkeys': { rule: signedIn(200), shows: pageOf(PASSKEY) },
  // Of nobody: those of others answer alike (test/integration/accounts/passkeys.test.ts).
  'DELETE /v1/me/passkeys/:passkeyId': { rule: signedIn(() => 'hidden') },
  // No provider is configured here (test/integration/accounts/external-sign-in.test.ts).
  'GET /v1/auth/:provider': { rule: open(404) },
  'GET /v1/auth/:provider/callback': { rule: open(404), query: () => 'state=none' },
  'POST /v1/auth/:provider/sign-up': {
    rule: open(404),
    body: () => ({ ticket: 'none', username: `u${randomBytes(8).toString('hex')}` }),
  },
  'GET /v1/me/identities': { rule: signedIn(200), shows: pageOf(IDENTITY) },
  // Of nobody: those of others answer alike (test/integration/accounts/external-identities.test.ts).
  'DELETE /v1/me/identities/:identityId': { rule: signedIn(() => 'hidden') },
  'POST /v1/sessions/refresh': {
    rule: signedIn(unlessAway(200)),
    body: ({ asker }) => ({ refreshToken: asker?.refreshToken ?? 'none' }),
    shows: SIGNED_IN,
  },

  // Live events. A stream shows its ticket's account nothing but ids of its own (test/integration/events).
  'POST /v1/events/tickets': { rule: signedIn(201), shows: { ticket: 'value', expiresIn: 'value' } },
  'GET /v1/events': { rule: open(401), query: () => 'ticket=none' },

  // Moderation. Nobody in the matrix is a senior or an admin, and no case has the id.
  'POST /v1/reports': {
    rule: signedIn(oneself(422, seen(201))),
    per: 'photo',
    body: ({ photo }) => ({ subject: { type: 'photo', id: photo!.photoId }, reason: 'spam' }),
    shows: { report: REPORT },
  },
  'GET /v1/me/reports': { rule: signedIn(200), shows: pageOf(REPORT) },
  'GET /v1/moderation/cases': { rule: signedIn(moderated(200)), shows: pageOf(CASE) },
  'GET /v1/moderation/cases/:caseId': { rule: signedIn(moderated(404)) },
  'POST /v1/moderation/cases/:caseId/views': { rule: signedIn(moderated(404)) },
  'PUT /v1/moderation/cases/:caseId/claim': { rule: signedIn(moderated(404)) },
  'DELETE /v1/moderation/cases/:caseId/claim': { rule: signedIn(moderated(404)) },
  'POST /v1/moderation/cases/:caseId/decisions': {
    rule: signedIn(moderated(404)),
    body: () => ({ action: 'dismiss', policy: 'spam', reason: 'It sells nothing.' }),
  },
  'GET /v1/me/moderation': { rule: signedIn(200), shows: pageOf(OWN_DECISION), whileSuspended: true },
  'POST /v1/me/moderation/:decisionId/appeals': {
    rule: signedIn(404),
    body: () => ({ text: 'It is mine.' }),
    whileSuspended: true,
  },
  'GET /v1/moderation/policies': { rule: signedIn(moderated(200)), shows: pageOf(POLICY) },
  'PUT /v1/moderation/policies': {
    rule: signedIn(403),
    body: () => ({ id: 'spam', title: 'Spam', text: 'None.', isStrike: true }),
  },
  'PUT /v1/moderation/users/:username/suspension': {
    rule: signedIn(403),
    body: () => ({ policy: 'spam', reason: 'Spam.' }),
  },
  'DELETE /v1/moderation/users/:username/suspension': {
    rule: signedIn(403),
    body: () => ({ policy: 'spam', reason: 'An error.' }),
  },
  'GET /v1/moderation/audit': { rule: signedIn(403) },
  'GET /v1/moderation/stats': { rule: signedIn(moderated(200)), shows: { stats: STATS } },

  // The service. No account is an operator or the storage.
  'GET /metrics': { rule: open(401), headers: { 'X-Forwarded-For': '203.0.113.9' } },
  'POST /internal/storage-events': { rule: open(401), body: () => ({}) },
  'GET /healthz': { rule: open(200), shows: { status: 'value' } },
  'GET /readyz': { rule: open(200), shows: { status: 'value', dependencies: 'anything' } },
  'GET /openapi.json': { rule: open(200), shows: 'anything' },
  'GET /docs': { rule: open(200) },
  'GET /': { rule: open(302) },
}
