import { createHash, randomBytes } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { LinkId } from '../../domain/viewer.ts'

const TOKEN_BYTES = 32

/** What a link's URL ends in: 256 random bits. Only {@link hashOfToken} of it is stored. */
export const newLinkToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url')

/** 256 random bits need no slow hash. */
export const hashOfToken = (token: string): Buffer => createHash('sha256').update(token).digest()

/** A photo that a guest has begun to upload, and whose it is. */
interface GuestUpload {
  photoId: PhotoId
  ownerId: UserId
}

/**
 * What a visitor of a link is given. Both are signed, and name the link: whether it is still live is looked up each time.
 */
export interface LinkTokens {
  /** Shows for an hour that a view was counted, and the password given if the link has one. */
  session(linkId: LinkId): Promise<string>
  isSession(given: string, linkId: LinkId): Promise<boolean>
  /** With it a guest finishes an upload. */
  ticket(linkId: LinkId, upload: GuestUpload): Promise<string>
  /** Undefined unless it is a ticket of this link. */
  readTicket(given: string, linkId: LinkId): Promise<GuestUpload | undefined>
}

const SESSION_SECONDS = 3_600
/** Longer than the largest upload takes. */
const TICKET_SECONDS = 86_400

const ALGORITHM = 'HS256'
const ISSUER = 'darkroom'
/** RFC 9068 and alike: no other token that is signed with the same key passes for one of these. */
const TYPES = { session: 'link-session+jwt', ticket: 'link-ticket+jwt' } as const

/** @param keys the first one signs and all verify, as for access tokens */
export function createLinkTokens(keys: readonly { kid: string; secret: Uint8Array }[]): LinkTokens {
  const signing = keys[0]!
  const secrets = new Map(keys.map((key) => [key.kid, key.secret]))

  const sign = (
    type: keyof typeof TYPES,
    linkId: LinkId,
    seconds: number,
    claims: Record<string, string> = {},
  ): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPES[type], kid: signing.kid })
      .setIssuer(ISSUER)
      .setAudience(linkId)
      .setExpirationTime(`${seconds}s`)
      .sign(signing.secret)

  async function verify(type: keyof typeof TYPES, given: string, linkId: LinkId) {
    try {
      const { payload } = await jwtVerify(
        given,
        ({ kid }) => {
          const secret = kid === undefined ? undefined : secrets.get(kid)
          if (!secret) throw new errors.JWKSNoMatchingKey()
          return secret
        },
        {
          algorithms: [ALGORITHM],
          typ: TYPES[type],
          issuer: ISSUER,
          audience: linkId,
          requiredClaims: ['exp'],
        },
      )
      return payload
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }

  return {
    session: (linkId) => sign('session', linkId, SESSION_SECONDS),
    isSession: async (given, linkId) => (await verify('session', given, linkId)) !== undefined,
    ticket: (linkId, { photoId, ownerId }) => sign('ticket', linkId, TICKET_SECONDS, { photoId, ownerId }),
    async readTicket(given, linkId) {
      const payload = await verify('ticket', given, linkId)
      return payload && { photoId: String(payload.photoId), ownerId: String(payload.ownerId) }
    },
  }
}
