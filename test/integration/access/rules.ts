import {
  albumVisibleTo,
  isAway,
  accountListsVisibleTo,
  accountVisibleTo,
  maySee,
  profileVisibleTo,
} from '../../../src/domain/access.ts'
import { roleMay, type AlbumAction } from '../../../src/domain/albums.ts'
import { mayDeleteComment } from '../../../src/domain/comments.ts'
import {
  ACCOUNTS,
  holdsLink,
  relationsOf,
  roleOf,
  viewerOf,
  type Cell,
  type CellPhoto,
  type Principal,
} from '../../support/worlds/access-cells.ts'

/** A request's subject: the account of the cell, or one of its photos. */
export interface Subject extends Cell {
  photo?: CellPhoto
}

/** `hidden`: 404, with nothing that tells it from the answer for what does not exist. */
export type Expected = number | 'hidden'
export type Rule = (subject: Subject) => Expected

export const isOwner = ({ principal }: Cell) => principal === 'owner'

const isMember = (cell: Cell) => roleOf(cell) !== null

export const sees = (cell: Cell, photo: CellPhoto): boolean =>
  isSeen(cell, photo, isMember(cell) && photo.albumId !== undefined)

/** Whether they see it wherever photos are shown to an audience: memberships of albums do not count there. */
export const isInAudience = (cell: Cell, photo: CellPhoto): boolean => isSeen(cell, photo, false)

function isSeen(cell: Cell, { visibility }: CellPhoto, grantedByMembership: boolean): boolean {
  const photo = { ownerId: cell.owner.id, visibility, status: 'ready' as const }
  const owner = ACCOUNTS[cell.account]
  const relations = {
    ...relationsOf(cell),
    owner,
    isInAlbumOfLink: false,
    grantedByLink: false,
    grantedByMembership,
  }
  return maySee(viewerOf(cell), photo, relations)
}

function seesAlbum(cell: Cell, { visibility }: CellPhoto): boolean {
  const album = { ownerId: cell.owner.id, visibility }
  const relations = { ...relationsOf(cell), owner: ACCOUNTS[cell.account], isMember: isMember(cell) }
  return albumVisibleTo(viewerOf(cell), album, relations)
}

const of = (cell: Cell) =>
  [viewerOf(cell), { userId: cell.owner.id, ...ACCOUNTS[cell.account] }, relationsOf(cell)] as const

/** Everybody gets this. */
export const open =
  (status: number): Rule =>
  () =>
    status

/** 401 without an account. */
export const signedIn =
  (rule: Rule | number): Rule =>
  (subject) =>
    subject.asker === undefined ? 401 : typeof rule === 'number' ? rule : rule(subject)

/** 401 for whoever is away. */
export const unlessAway =
  (status: number): Rule =>
  (subject) =>
    isAsAway(subject) ? 401 : status

/** Asks with the tokens of an account that is deactivated, or is being erased. */
export const isAsAway = ({ principal, account }: Cell) =>
  principal === 'deactivated account' ||
  principal === 'account that is erased' ||
  (principal === 'owner' && isAway(ACCOUNTS[account].status))

/** Signs in: from an erasure that has begun, nobody comes back. */
export const signsIn =
  (rule: Rule): Rule =>
  (subject) =>
    subject.principal === 'account that is erased' ? 409 : rule(subject)

/** Who moderates; 403 for other accounts. */
export const moderated =
  (status: number): Rule =>
  ({ principal }) =>
    principal === 'moderator' ? status : 403

/** This for an account that has a second factor, the other for those without. */
export const factored =
  (status: Expected, otherwise: Expected): Rule =>
  ({ principal }) =>
    principal === 'account with a second factor' ? status : otherwise

/** Who may see the photo. */
export const seen =
  (status: number): Rule =>
  (subject) =>
    sees(subject, subject.photo!) ? status : 'hidden'

/** The photo's owner; 403 for others who see it. */
export const edited =
  (status: number): Rule =>
  (subject) =>
    isOwner(subject) ? status : sees(subject, subject.photo!) ? 403 : 'hidden'

/** The photo's owner; it does not exist for anybody else. */
export const owned =
  (status: number): Rule =>
  (subject) =>
    isOwner(subject) ? status : 'hidden'

/** Who may delete the comment by the photo's owner; 403 for others who see it. */
export const deletableComment =
  (status: number): Rule =>
  (subject) => {
    if (!sees(subject, subject.photo!)) return 'hidden'
    const ownerId = subject.owner.id
    const asker = { userId: subject.asker!.id, isModerator: subject.principal === 'moderator' }
    return mayDeleteComment(asker, { authorId: ownerId, photoOwnerId: ownerId }) ? status : 403
  }

/** Who may see the photo's album. */
export const album =
  (status: number): Rule =>
  (subject) =>
    seesAlbum(subject, subject.photo!) ? status : 'hidden'

/** Whose role in the photo's album suffices; 403 for others who see it. */
export const albumRole =
  (action: AlbumAction, status: number): Rule =>
  (subject) =>
    !seesAlbum(subject, subject.photo!) ? 'hidden' : roleMay(roleOf(subject), action) ? status : 403

const REFUSED: Partial<Record<Principal, number>> = {
  'link holder without its password': 401,
  'holder of an expired link': 410,
  'holder of an exhausted link': 410,
}

/** Who holds a link to the photo's album; it is absent for all others, and while the account is not active. */
export const shared =
  (status: Expected): Rule =>
  (subject) =>
    holdsLink(subject) && ACCOUNTS[subject.account].status === 'active'
      ? (REFUSED[subject.principal] ?? status)
      : 'hidden'

/** A member, even if the album is hidden by now. */
export const membership =
  (status: number, otherwise: Rule): Rule =>
  (subject) =>
    isMember(subject) ? status : otherwise(subject)

/** Who may look the account up by name. */
export const profiled =
  (status: number): Rule =>
  (subject) =>
    profileVisibleTo(...of(subject)) ? status : 'hidden'

/** For whom the account exists. */
export const exists =
  (status: number): Rule =>
  (subject) =>
    accountVisibleTo(...of(subject)) ? status : 'hidden'

/** Who may see the account's lists. */
export const lists =
  (status: number): Rule =>
  (subject) =>
    accountListsVisibleTo(...of(subject)) ? status : accountVisibleTo(...of(subject)) ? 403 : 'hidden'

/** Who may look the account up, or blocks it. */
export const blockable =
  (status: number): Rule =>
  (subject) =>
    relationsOf(subject).blocking || profileVisibleTo(...of(subject)) ? status : 'hidden'

/** This for the account itself, the rule for others. */
export const oneself =
  (status: number, rule: Rule): Rule =>
  (subject) =>
    isOwner(subject) ? status : rule(subject)
