import { EXTERNAL_SIGN_IN_SECONDS } from '../../services/accounts/external-states.ts'
import type { ApiContext } from '../context.ts'

/** Where a browser keeps the secret of a sign-in through a provider, until it comes back. */
export interface BrowserBinding {
  set(ctx: ApiContext, binding: string): void
  get(ctx: ApiContext): string | undefined
}

/**
 * A cookie that scripts do not see, that other sites' requests do not carry, and that a link back from a provider does. With TLS no
 * neighbouring domain can plant one (`__Host-`).
 */
export function browserBinding(publicUrl: string): BrowserBinding {
  const isSecure = publicUrl.startsWith('https:')
  const name = isSecure ? '__Host-darkroom-sign-in' : 'darkroom-sign-in'
  const attributes = `Path=/; Max-Age=${EXTERNAL_SIGN_IN_SECONDS}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
  return {
    set: (ctx, binding) => ctx.append('Set-Cookie', `${name}=${binding}; ${attributes}`),
    get: (ctx) => ctx.cookies.get(name),
  }
}
