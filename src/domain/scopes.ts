/** What a personal access token may be used for: to read, to change things, and to upload photos. */
export const SCOPES = ['read', 'write', 'upload'] as const
export type Scope = (typeof SCOPES)[number]

/** What a route asks of a personal access token: one of these scopes; `none`: no token will do, only a signed-in device. */
export type RouteScope = readonly Scope[] | 'none'
