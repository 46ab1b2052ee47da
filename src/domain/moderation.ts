/** Each role may do what those before it may. */
export const ROLES = ['user', 'moderator', 'senior', 'admin'] as const
/** The states in which a photo can be taken down, and to which it is restored. */
export const TAKEN_DOWN_FROM = ['ready', 'offered'] as const
