import { NOTIFICATION_KINDS } from '../../../src/domain/notifications.ts'
import { ACCOUNTS, type Cell, type CellPhoto } from '../../support/worlds/access-cells.ts'
import { isOwner, sees } from './rules.ts'

/**
 * The fields that an answer may have: exactly these. `?` after a name: it may be absent or null. A function decides by the value, and
 * throws if it may not be shown at all.
 */
export type Shape =
  | 'value'
  | 'anything'
  | readonly [Shape]
  | { readonly [key: string]: Shape }
  | ((shown: Record<string, unknown>, cell: Cell) => Shape)

export const values = <Name extends string>(...names: Name[]) =>
  Object.fromEntries(names.map((name) => [name, 'value'])) as Record<Name, 'value'>

const BESIDE = values('id', 'username', 'displayName', 'avatarUrl')

export const USER = {
  ...BESIDE,
  ...values('bio', 'isPrivate', 'createdAt'),
  avatarSources: [values('size', 'url')],
} as const

export const OWN_USER = {
  ...USER,
  ...values('defaultCommentPolicy', 'readTextInPhotos'),
  'suspension?': values('until'),
} as const

export const PROFILE = {
  ...USER,
  ...values('photoCount', 'followerCount', 'followingCount'),
  relationship: values('following', 'requested', 'followedBy', 'blocking', 'muting'),
}

export const SESSION = values('id', 'name', 'userAgent', 'createdAt', 'lastUsedAt', 'expiresAt', 'current')

export const SECURITY_EVENT = values('id', 'kind', 'userAgent', 'network', 'createdAt')

export const PERSONAL_TOKEN = {
  ...values('id', 'name', 'createdAt', 'expiresAt', 'lastUsedAt'),
  scopes: 'anything',
} as const

export const TWO_FACTOR = values('totp', 'passkeys', 'recoveryCodes')

export const PASSKEY = values('id', 'name', 'backedUp', 'createdAt', 'lastUsedAt')
export const WEBHOOK = {
  ...values('id', 'url', 'enabled', 'disabledReason', 'failingSince', 'previousSecretsUntil', 'createdAt'),
  events: 'anything',
} as const

export const PUSH_SUBSCRIPTION = values('id', 'service', 'current', 'createdAt')

export const IDENTITY = values('id', 'provider', 'issuer', 'createdAt', 'lastUsedAt')

export const SIGNED_IN = { user: USER, ...values('accessToken', 'refreshToken', 'expiresIn') }

export const COMMENT = {
  ...values('id', 'photoId', 'parentId', 'deleted', 'text', 'replyCount', 'createdAt', 'editedAt'),
  author: BESIDE,
  mentions: [values('id', 'username')] as const,
}

export const UPLOAD = { ...values('method', 'url', 'expiresAt'), headers: 'anything' } as const

export const AVATAR = {
  'avatarUrl?': 'value',
  'upload?': { ...values('status', 'createdAt'), 'failure?': values('code', 'detail') },
} as const

export const QUOTA = values('bytes', 'bytesUsed', 'photos', 'photosUsed')

export const AVAILABILITY = values('availability', 'requestedAt', 'expectedAt', 'hotUntil')

export const PROGRESS = {
  status: 'value',
  steps: [{ ...values('name', 'state', 'attempts'), 'detail?': 'value' }],
  'fanout?': values('state', 'followers', 'delivered'),
} as const

export const pageOf = (item: Shape) => ({ items: [item], nextCursor: 'value' }) as const

/** Of everybody who sees it. */
const SEEN = {
  owner: BESIDE,
  tags: ['value'],
  ...values('id', 'caption', 'altText', 'visibility', 'status', 'width', 'height', 'placeholder', 'takenAt'),
  ...values(
    'createdAt',
    'publishedAt',
    'likeCount',
    'commentCount',
    'likedByMe',
    'commentPolicy',
    'sensitive',
  ),
} as const
const LOCATION = values('latitude', 'longitude')
const PLACE = values('city', 'region', 'country', 'countryCode')
const SHARED_METADATA = { camera: 'value', location: LOCATION, place: PLACE } as const
const OWN = values(
  'shareLocation',
  'shareCamera',
  'shareTakenAt',
  'shareText',
  'allowDownload',
  'availability',
  'limited',
)
const SOURCE = values('name', 'width', 'height', 'url')
const FILE = values('name', 'format', 'width', 'height', 'bytes', 'url')

/** A photo of the cell, as the asker sees it. */
export const PHOTO = ({ id }: Record<string, unknown>, cell: Cell): Shape => {
  const photo = cell.photos.find(({ photoId }) => photoId === id)
  if (!photo || !sees(cell, photo)) throw new Error('a hidden photo')
  // The URL of a photo that not everybody sees runs out.
  const isPublic = photo.visibility === 'public' && !ACCOUNTS[cell.account].isPrivate
  const variants: Record<string, Shape> = {
    thumb_200: isPublic ? FILE : { ...FILE, expiresAt: 'value' },
    ...(isOwner(cell) ? { original: FILE } : {}),
  }
  return {
    ...SEEN,
    ...(isOwner(cell) ? OWN : {}),
    ...(isOwner(cell) || photo.isShared ? SHARED_METADATA : {}),
    variants: [
      ({ name }) => {
        const shape = variants[String(name)]
        if (!shape) throw new Error(`the variant ${String(name)}`)
        return shape
      },
    ],
    sources: [isPublic ? SOURCE : { ...SOURCE, expiresAt: 'value' }],
  }
}

/** The same, as a search finds it. */
export const FOUND_PHOTO = (shown: Record<string, unknown>, cell: Cell): Shape => ({
  ...(PHOTO(shown, cell) as Record<string, Shape>),
  highlights: 'anything',
})

/** The same, as it looks like another one. */
export const SIMILAR_PHOTO = (shown: Record<string, unknown>, cell: Cell): Shape => ({
  ...(PHOTO(shown, cell) as Record<string, Shape>),
  distance: 'value',
})

/** Nobody in the matrix has deleted one. */
export const TRASHED = { photo: PHOTO, ...values('deletedAt', 'erasesAt') } as const

export const DUPLICATES = { ...values('count'), photos: [{ photo: PHOTO, ...values('sameFileAs') }] } as const

export const CLUSTER = values('tile', 'count', 'latitude', 'longitude', 'photoId')

export const MEMORY = { ...values('year', 'count'), photos: [PHOTO] } as const

export const ERASURE = {
  ...values('photoId', 'requestedAt', 'erasedAt'),
  removed: values('objects', 'edgeEntries', 'searchDocuments'),
} as const

const CAMERA = values(
  ...(['make', 'model', 'lens', 'exposureSeconds', 'fNumber', 'iso', 'focalLength'] as const),
  ...(['equivalentFocalLength', 'flash'] as const),
)

/** How a photo of the cell was taken, as the asker sees it. */
export const PHOTO_METADATA = (
  _shown: Record<string, unknown>,
  cell: Cell & { photo?: CellPhoto },
): Shape => {
  const isShown = isOwner(cell) || cell.photo!.isShared
  return {
    ...values('takenAt', 'width', 'height'),
    ...(isShown ? { camera: CAMERA, location: { ...LOCATION, altitude: 'value' }, place: PLACE } : {}),
    ...(isOwner(cell)
      ? {
          file: {
            ...values('contentType', 'bytes', 'orientation', 'takenAt'),
            location: values('latitude', 'longitude'),
          },
        }
      : {}),
  }
}

/** A photo that its owner has just begun to upload. */
export const NEW_PHOTO = { ...SEEN, ...OWN, variants: ['anything'], sources: ['anything'] } as const

export const ALBUM = {
  owner: BESIDE,
  ...values('id', 'title', 'description', 'visibility', 'order', 'role', 'photoCount', 'createdAt'),
  'cover?': PHOTO,
} as const

export const LINK = values(
  ...(['id', 'label', 'hasPassword', 'expiresAt', 'maxViews', 'views'] as const),
  ...(['allowUpload', 'state', 'lastUsedAt', 'createdAt'] as const),
)

export const NEW_LINK = { ...LINK, ...values('url', 'token') } as const

const NAMES = values('username', 'displayName')

/** What a link shows of its album: one photo here, whatever its visibility. */
export const SHARED = {
  album: { ...values('title', 'description', 'expiresAt', 'allowUpload'), owner: NAMES },
  items: [
    ({ id }: Record<string, unknown>, cell: Cell): Shape => {
      if (!cell.photos.some(({ photoId, albumId }) => photoId === id && albumId))
        throw new Error('a photo of no album')
      return {
        ...values('id', 'caption', 'altText', 'width', 'height', 'placeholder'),
        owner: NAMES,
        tags: ['value'],
        variants: [{ ...FILE, expiresAt: 'value' }],
        sources: [{ ...SOURCE, expiresAt: 'value' }],
      }
    },
  ],
  ...values('nextCursor', 'session'),
} as const

export const OFFERED = { ...values('id', 'name', 'linkId', 'offeredAt'), photo: PHOTO } as const

export const MEMBER = { user: BESIDE, ...values('role', 'addedAt') } as const

export const ACTIVITY = {
  ...values('id', 'kind', 'photoId', 'createdAt'),
  actor: BESIDE,
  'user?': BESIDE,
} as const

export const NOTIFICATION = {
  ...values('id', 'kind', 'actorCount', 'createdAt', 'readAt'),
  actors: [BESIDE],
  'photo?': PHOTO,
  'comment?': COMMENT,
  'album?': ALBUM,
} as const

export const NOTIFICATION_SETTINGS = Object.fromEntries(
  NOTIFICATION_KINDS.map((kind) => [kind, values('inApp', 'push')]),
)

const SUBJECT = values('type', 'id')

export const REPORT = {
  ...values('id', 'reason', 'detail', 'outcome', 'createdAt'),
  subject: SUBJECT,
} as const

export const OWN_DECISION = {
  ...values(
    'id',
    'action',
    'reason',
    'decidedAs',
    'until',
    'strikeUntil',
    'reversedAt',
    'createdAt',
    'appealUntil',
  ),
  subject: SUBJECT,
  policy: values('id', 'version', 'title', 'text'),
  'appeal?': values('text', 'state', 'answer', 'answeredAt', 'createdAt'),
} as const

export const EXPORT = {
  ...values('id', 'status', 'createdAt', 'expiresAt', 'url?', 'urlExpiresAt?'),
  progress: values('photos', 'photosTotal', 'bytes'),
} as const

export const CASE = {
  ...values(
    'id',
    'source',
    'state',
    'priority',
    'policy',
    'weight',
    'reportCount',
    'openedAt',
    'dueAt',
    'closedAt',
  ),
  subject: SUBJECT,
  owner: BESIDE,
  'claim?': values('username', 'until'),
} as const

export const POLICY = values('id', 'version', 'title', 'text', 'isStrike', 'createdAt')

export const STATS = {
  ...values('overdue', 'claimed', 'medianAgeSeconds', 'reversalRate'),
  open: 'anything',
  decided: 'anything',
} as const

/** What an answer shows beyond the shape, or lacks. */
export function differences(shown: unknown, shape: Shape, cell: Cell, path = ''): string[] {
  if (shape === 'anything') return []
  if (shape === 'value') return typeof shown === 'object' && shown !== null ? [`${path} holds fields`] : []
  if (Array.isArray(shape)) {
    if (!Array.isArray(shown)) return [`${path} is no list`]
    return shown.flatMap((item) => differences(item, shape[0] as Shape, cell, `${path}[]`))
  }
  if (typeof shown !== 'object' || shown === null) return [`${path} has no fields`]
  if (typeof shape === 'function') {
    try {
      return differences(shown, shape(shown as Record<string, unknown>, cell), cell, path)
    } catch (error) {
      return [`${path} shows ${(error as Error).message}`]
    }
  }
  const fields = shape as Record<string, Shape>
  const beyond = Object.keys(shown).filter((key) => !(key in fields) && !(`${key}?` in fields))
  return [
    ...beyond.map((key) => `${path}.${key} is shown`),
    ...Object.entries(fields).flatMap(([name, inner]) => {
      const key = name.replace(/\?$/, '')
      const value = (shown as Record<string, unknown>)[key]
      if (value === undefined || (value === null && name.endsWith('?')))
        return name.endsWith('?') ? [] : [`${path}.${key} is missing`]
      return differences(value, inner, cell, `${path}.${key}`)
    }),
  ]
}
