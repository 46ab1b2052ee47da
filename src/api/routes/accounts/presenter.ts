import type { z } from 'zod'
import { AVATAR_SIZES, AVATAR_SIZE_NAMES, SHOWN_AVATAR, type AvatarSize } from '../../../domain/avatars.ts'
import type { UserId } from '../../../domain/ids.ts'
import type { Account, OwnAccount } from '../../../services/accounts/accounts.ts'
import { imageUrl, type ImageUrlInput } from '../../../services/photos/image-url.ts'
import { negotiatedKey, variantKey } from '../../../services/photos/object-keys.ts'
import type { OwnerSchema } from '../photos/schema.ts'
import type { OwnUserSchema, UserSchema } from './schema.ts'

/** An account where it is named beside something else. */
type NamedAccount = Pick<Account, 'userId' | 'username' | 'displayName' | 'avatar'>

/** Shows accounts to those who may see them, with the URLs of their avatars. */
export interface PresentPeople {
  /** The account as anyone may see it. */
  user: (account: Account) => z.infer<typeof UserSchema>
  /** The account as it sees itself. */
  ownUser: (account: OwnAccount) => z.infer<typeof OwnUserSchema>
  /** An account where it stands beside something of its own. */
  owner: (account: NamedAccount) => z.infer<typeof OwnerSchema>
  avatarUrl: (account: Pick<Account, 'userId' | 'avatar'>) => string | null
}

type PeoplePresenterOptions = Pick<ImageUrlInput, 'signForFront'> & {
  cdnBaseUrl: string
  cdnSigningKey: string
}

/** Some 400 bytes each; a page names at most some hundred accounts, most of them again and again. */
const MAX_REMEMBERED_URLS = 20_000

export function createPeoplePresenter(options: PeoplePresenterOptions): PresentPeople {
  const sign = createAvatarSigner(options)

  const owner: PresentPeople['owner'] = ({ userId, username, displayName, avatar }) => ({
    id: userId,
    username,
    displayName,
    avatarUrl: avatar === null ? null : sign(userId, avatar, SHOWN_AVATAR),
  })

  const user: PresentPeople['user'] = (account) => ({
    ...owner(account),
    bio: account.bio,
    isPrivate: account.isPrivate,
    avatarSources: AVATAR_SIZE_NAMES.flatMap((size) =>
      account.avatar === null
        ? []
        : [{ size: AVATAR_SIZES[size], url: sign(account.userId, account.avatar, size) }],
    ),
    createdAt: account.createdAt.toISOString(),
  })

  return {
    user,
    owner,
    ownUser: (account) => {
      const { defaultCommentPolicy, readTextInPhotos, suspension } = account
      return {
        ...user(account),
        defaultCommentPolicy,
        readTextInPhotos,
        suspension: suspension && { until: suspension.until?.toISOString() ?? null },
      }
    },
    avatarUrl: ({ userId, avatar }) => (avatar === null ? null : sign(userId, avatar, SHOWN_AVATAR)),
  }
}

/** Everyone may see an avatar, so that its URL depends only on what is stored, and on the account's epoch. */
function createAvatarSigner({ cdnBaseUrl, cdnSigningKey, signForFront }: PeoplePresenterOptions) {
  const remembered = new Map<string, string>()
  return (userId: UserId, place: string, size: AvatarSize): string => {
    const name = `${place} ${size}`
    const known = remembered.get(name)
    if (known !== undefined) return known
    const [avatarId, epoch, ownerEpoch] = place.split('/') as [string, string, string]
    const { url } = imageUrl({
      baseUrl: cdnBaseUrl,
      key: negotiatedKey(variantKey(avatarId, Number(epoch), size, 'jpeg')),
      accessEpoch: Number(epoch),
      owner: { userId, accessEpoch: Number(ownerEpoch) },
      isPublic: true,
      signingKey: cdnSigningKey,
      signForFront,
      now: new Date(),
    })
    if (remembered.size >= MAX_REMEMBERED_URLS) remembered.delete(remembered.keys().next().value!)
    remembered.set(name, url)
    return url
  }
}
