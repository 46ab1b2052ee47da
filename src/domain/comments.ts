export const COMMENT_POLICIES = ['everyone', 'followers', 'nobody'] as const
/** Who may comment on a photo that they see, its owner aside. */
export type CommentPolicy = (typeof COMMENT_POLICIES)[number]
