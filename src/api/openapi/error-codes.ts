import type { ErrorCode } from '../../domain/errors.ts'

/** What each code means and what a client should do about it, in Markdown. */
export const ERROR_CODE_MEANINGS: Readonly<Record<ErrorCode, string>> = {
  invalid:
    'One or more fields are missing, unknown or out of range; `errors` lists each one with its path. Correct them.',
  malformed: 'The request could not be read: the body is empty, not JSON or not UTF-8. Correct it.',
  bad_cursor: 'The cursor was altered, or belongs to another list or viewer. Start again without one.',
  cursor_expired: 'The cursor is too old to continue from. Start again without one.',
  unauthenticated: 'There is no valid access token. Sign in.',
  token_expired: 'The access token has expired. Exchange the refresh token and repeat the request.',
  bad_credentials:
    'The username is unknown or the password is wrong, and the answer does not say which; or the code or passkey is wrong.',
  two_factor_required:
    'The password is right, and the account has a second factor: send one of `methods` with `challenge` to `POST /sessions/two-factor`.',
  sign_up_required:
    'The provider vouches for you, and no account has this identity yet: choose a username and send it with `ticket` to `POST /auth/{provider}/sign-up`.',
  provider_refused:
    'The provider did not vouch for you: you declined, or its answer is not valid. Begin again, or sign in another way.',
  presence_required:
    'Prove that it is you who ask: send your password, a code or a passkey with the request. This device signed in too long ago to go without.',
  forbidden: 'You may see this, but you may not do that: only its owner may, or those whom the owner lets.',
  not_found: 'It does not exist, or it is hidden from you; the answer does not say which.',
  method_not_allowed: 'The path exists, but not with this method; see `Allow`.',
  username_taken: 'Another account has this username, regardless of case. Choose another.',
  identity_taken: 'This identity signs in to an account already. Unlink it there first.',
  last_way_in: 'Nothing else would let you in. Set a password or link another identity first.',
  not_uploaded: 'The storage does not have the original yet. PUT it, then complete the upload again.',
  original_cold:
    'The original is in the cold storage. Ask for it (`POST /photos/{photoId}/original/restore`) and wait until it is there.',
  upload_closed: 'The photo is no longer waiting for an original. Open a new upload.',
  export_running:
    'An export of your account is being prepared already. Wait until it is ready, or delete it.',
  precondition_failed:
    'It has changed since the ETag in `If-Match`. Fetch it, apply your edit and try again.',
  too_large: 'The body, or the upload that it announces, is larger than allowed.',
  unsupported_type:
    'The body is not plain `application/json`, or the content type of the photo is not accepted.',
  headers_too_large: 'The request line and headers are longer than 16 KiB. Ask for less at once.',
  request_timeout: 'The request did not arrive in time, and the connection was closed. Send it again.',
  quota_exceeded:
    'You have too many open uploads, albums or share links, follow too many accounts, or the album or its drop box is full. Finish, wait for or undo some.',
  account_private: 'Only accepted followers of the account may see this.',
  account_suspended:
    'The account is suspended: it may read `GET /me` and `GET /me/moderation`, appeal and sign out. `detail` says until when.',
  erasing:
    'The account is being erased, which cannot be stopped any more. `GET /me/erasure` tells how far it is.',
  link_password_required:
    'The share link needs a password, or the password is wrong. Send it in `X-Share-Password`.',
  link_expired: 'The share link has run out. Ask for another one.',
  link_exhausted: 'The share link was opened as often as it may be. Ask for another one.',
  case_closed: 'The case was decided, or can no longer be appealed.',
  case_claimed: 'Another moderator has claimed the case.',
  own_case: 'The case is about yourself, an account that you follow, or your own report or decision.',
  blocked_address:
    'The address is not of the public internet, or its name leads nowhere or to one that is not. Give another one.',
  idempotency_mismatch:
    'The `Idempotency-Key` was used with another request. Use a new key for a new request.',
  idempotency_in_progress: 'The first request with this key is still running. Try again in a second.',
  rate_limited: 'Too many requests. Wait for `Retry-After` seconds.',
  unavailable: 'A part of the service is down or overloaded. Wait for `Retry-After` seconds.',
  internal: 'An error on our side. Report it with its `requestId`.',
}
