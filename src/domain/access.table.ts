import { ACCOUNT_STATUSES, type AccountStatus } from './access.ts'
import { PHOTO_STATUSES, VISIBILITIES, type PhotoStatus, type Visibility } from './visibility.ts'

export const VIEWER_KINDS = ['anonymous', 'stranger', 'follower', 'owner', 'link'] as const
export type ViewerKind = (typeof VIEWER_KINDS)[number]

/** From the viewer's side: nobody blocks, they block the owner, the owner blocks them. */
export const BLOCKS = ['none', 'blocking', 'blockedBy'] as const
export type Block = (typeof BLOCKS)[number]

/**
 * Whether the link, or the viewer's membership of an album, grants the photo, and who gave the grant. `withheld`: the photo is in the
 * link's album, and its owner does not let links show it.
 */
export const GRANTS = ['none', 'byOwner', 'byAnother', 'withheld'] as const
export type Grant = (typeof GRANTS)[number]

export interface AccountCase {
  viewer: ViewerKind
  ownerStatus: AccountStatus
  ownerIsPrivate: boolean
  block: Block
}

export interface PhotoCase extends AccountCase {
  visibility: Visibility
  status: PhotoStatus
  grant: Grant
  /** The answer that the rule and its SQL twin must give. */
  visible: boolean
  /** The answer of what goes by audience, and knows no grants: search, profiles, feeds. */
  inAudience: boolean
}

type Asked = Omit<PhotoCase, 'visible' | 'inAudience'>

type Audience = readonly ViewerKind[]
const NOBODY: Audience = []
const OWNER_ALONE: Audience = ['owner']

/* The expected answers are written out by hand, in the words of the contract, not computed by the rule. */

/** Who sees a `ready` photo of an active account, where nobody blocks and no link grants. */
const READY: Record<'open' | 'private', Record<Visibility, Audience>> = {
  open: {
    public: ['anonymous', 'stranger', 'follower', 'owner'],
    followers: ['follower', 'owner'],
    private: ['owner'],
  },
  private: {
    public: ['follower', 'owner'],
    followers: ['follower', 'owner'],
    private: ['owner'],
  },
}

/** Who sees a photo in each other status. */
const NOT_READY: Record<Exclude<PhotoStatus, 'ready'>, Audience> = {
  awaiting_upload: OWNER_ALONE,
  processing: OWNER_ALONE,
  offered: OWNER_ALONE,
  failed: OWNER_ALONE,
  quarantined: OWNER_ALONE,
  trashed: NOBODY,
  deleted: NOBODY,
}

/** Who sees what of an account that is not active. */
const INACTIVE: Record<PhotoStatus, Audience> = { ...NOT_READY, ready: OWNER_ALONE }

function audienceOf({ ownerStatus, ownerIsPrivate, status, visibility }: Asked): Audience {
  if (ownerStatus !== 'active') return INACTIVE[status]
  if (status !== 'ready') return NOT_READY[status]
  return READY[ownerIsPrivate ? 'private' : 'open'][visibility]
}

/** Granted by the owner, ready, and of an active account. */
const isShownByGrant = (of: Asked) =>
  of.grant === 'byOwner' && of.status === 'ready' && of.ownerStatus === 'active'

/** A block hides everything from both sides; an audience has no links. */
const isInAudience = (of: Asked) => of.block === 'none' && audienceOf(of).includes(of.viewer)

/** Of its album, a link shows what is granted and what everyone sees; members see what is granted to them as well. */
function expected(of: Asked): boolean {
  if (of.viewer === 'link')
    return isShownByGrant(of) || (of.grant !== 'none' && audienceOf(of).includes('anonymous'))
  return isInAudience(of) || (of.block === 'none' && isShownByGrant(of))
}

/** Blocks lie between accounts, grants between photos and links or accounts. */
const isOtherAccount = (viewer: ViewerKind) => viewer === 'stranger' || viewer === 'follower'
const blocksOf = (viewer: ViewerKind): readonly Block[] => (isOtherAccount(viewer) ? BLOCKS : ['none'])
const grantsOf = (viewer: ViewerKind): readonly Grant[] =>
  viewer === 'link' ? GRANTS : isOtherAccount(viewer) ? ['none', 'byOwner', 'byAnother'] : ['none']

const ACCOUNTS: readonly AccountCase[] = VIEWER_KINDS.flatMap((viewer) =>
  ACCOUNT_STATUSES.flatMap((ownerStatus) =>
    [false, true].flatMap((ownerIsPrivate) =>
      blocksOf(viewer).map((block) => ({ viewer, ownerStatus, ownerIsPrivate, block })),
    ),
  ),
)

/** The one table that the rule and its SQL and search twins are tested against: every possible case. */
export const ACCESS_TABLE: readonly PhotoCase[] = ACCOUNTS.flatMap((account) =>
  VISIBILITIES.flatMap((visibility) =>
    PHOTO_STATUSES.flatMap((status) =>
      grantsOf(account.viewer).map((grant) => {
        const of = { ...account, visibility, status, grant }
        return { ...of, visible: expected(of), inAudience: isInAudience(of) }
      }),
    ),
  ),
)

export interface AccountRow extends AccountCase {
  /** Found by its name. */
  profile: boolean
  /** An entry of lists of accounts. */
  listed: boolean
  /** Its own lists are open. */
  lists: boolean
}

type Sight = Pick<AccountRow, 'profile' | 'listed' | 'lists'>
const ALL: Sight = { profile: true, listed: true, lists: true }
const CLOSED: Sight = { profile: true, listed: true, lists: false }
const BY_NAME: Sight = { profile: true, listed: false, lists: false }
const ABSENT: Sight = { profile: false, listed: false, lists: false }

function expectedSight({ viewer, ownerStatus, ownerIsPrivate, block }: AccountCase): Sight {
  if (viewer === 'owner') return ALL
  if (viewer === 'link' || ownerStatus !== 'active' || block === 'blockedBy') return ABSENT
  if (block === 'blocking') return BY_NAME
  return ownerIsPrivate && viewer !== 'follower' ? CLOSED : ALL
}

/** The table of accounts: for accountVisibleTo and its kin, and their SQL twins. */
export const ACCOUNT_TABLE: readonly AccountRow[] = ACCOUNTS.map((account) => ({
  ...account,
  ...expectedSight(account),
}))

export interface AlbumCase extends AccountCase {
  visibility: Visibility
  isMember: boolean
  /** The answer that the rule and its SQL twin must give. */
  visible: boolean
}

/** A member sees an album whatever its visibility; for all others it goes by audience, as a ready photo does. */
function isAlbumExpected(of: Omit<AlbumCase, 'visible'>): boolean {
  if (of.viewer === 'owner') return true
  if (of.ownerStatus !== 'active' || of.block !== 'none') return false
  return of.isMember || READY[of.ownerIsPrivate ? 'private' : 'open'][of.visibility].includes(of.viewer)
}

/** The table of albums: for albumVisibleTo and its SQL twin. */
export const ALBUM_TABLE: readonly AlbumCase[] = ACCOUNTS.flatMap((account) =>
  VISIBILITIES.flatMap((visibility) =>
    (isOtherAccount(account.viewer) ? [false, true] : [false]).map((isMember) => {
      const of = { ...account, visibility, isMember }
      return { ...of, visible: isAlbumExpected(of) }
    }),
  ),
)
