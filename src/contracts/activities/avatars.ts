/** `closed`: published, failed or given up; an earlier try may have done so. */
export interface AvatarClaim {
  outcome: 'claimed' | 'absent' | 'closed'
}

/** `refused`: by automatic moderation. `gone`: given up meanwhile. */
export interface MadeAvatar {
  outcome: 'published' | 'refused' | 'gone'
}

/** The short steps of avatarUpload: they touch rows and objects and decode no pixels. */
export interface AvatarActivities {
  claimAvatar: (input: { avatarId: string }) => Promise<AvatarClaim>
  /** Closes what did not become an avatar and removes its objects; false of one that was published. */
  closeAvatar: (input: { avatarId: string; code: string; detail: string }) => Promise<boolean>
}

/** The step that decodes pixels. */
export interface AvatarMediaActivities {
  makeAvatar: (input: { avatarId: string }) => Promise<MadeAvatar>
}
