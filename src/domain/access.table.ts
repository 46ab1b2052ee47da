import { ACCOUNT_STATUSES, type AccountStatus } from './access.ts'
import { PHOTO_STATUSES, VISIBILITIES, type PhotoStatus, type Visibility } from './visibility.ts'

export const VIEWER_KINDS = ['anonymous', 'stranger', 'follower', 'owner', 'link'] as const
export type ViewerKind = (typeof VIEWER_KINDS)[number]

/** From the viewer's side: nobody blocks, they block the owner, the owner blocks them. */
export const BLOCKS = ['none', 'blocking', 'blockedBy'] as const
export type Block = (typeof BLOCKS)[number]

/** Whether the link grants the photo, and who gave the grant. */
const GRANTS = ['none', 'byOwner', 'byAnother'] as const
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
  /** The answer that the rule and its twins must give. */
  visible: boolean
}

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
  failed: OWNER_ALONE,
  quarantined: OWNER_ALONE,
  deleted: NOBODY,
}

/** Who sees what of an account that is not active. */
const INACTIVE: Record<PhotoStatus, Audience> = { ...NOT_READY, ready: OWNER_ALONE }

function audienceOf({
  ownerStatus,
  ownerIsPrivate,
  status,
  visibility,
}: Omit<PhotoCase, 'visible'>): Audience {
  if (ownerStatus !== 'active') return INACTIVE[status]
  if (status !== 'ready') return NOT_READY[status]
  return READY[ownerIsPrivate ? 'private' : 'open'][visibility]
}

/** A block hides everything from both sides; a link shows granted, ready photos of active accounts. */
function expected(of: Omit<PhotoCase, 'visible'>): boolean {
  if (of.viewer === 'link') {
    return of.grant === 'byOwner' && of.status === 'ready' && of.ownerStatus === 'active'
  }
  if (of.block !== 'none') return false
  return audienceOf(of).includes(of.viewer)
}

/** Blocks lie between accounts, grants between links and photos. */
const blocksOf = (viewer: ViewerKind): readonly Block[] =>
  viewer === 'stranger' || viewer === 'follower' ? BLOCKS : ['none']
const grantsOf = (viewer: ViewerKind): readonly Grant[] => (viewer === 'link' ? GRANTS : ['none'])

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
        return { ...of, visible: expected(of) }
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
