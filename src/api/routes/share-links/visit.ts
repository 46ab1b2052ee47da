import type { LinkViewer } from '../../../domain/viewer.ts'
import { exhausted, passwordRequired, type VisitedLink } from '../../../services/share-links/visits.ts'
import { step, type ApiContext, type Step } from '../../context.ts'
import { addressKey, consume } from '../../middlewares/limit.ts'

/** What a link shows is for those who have it: no search engine lists it, nothing keeps it, and no other site learns of it. */
export function unlisted(): Step {
  return step({}, async (ctx, next) => {
    ctx.set('X-Robots-Tag', 'noindex')
    ctx.set('Referrer-Policy', 'no-referrer')
    ctx.set('Cache-Control', 'private, no-store')
    ctx.vary('X-Share-Password, X-Share-Session')
    await next()
  })
}

interface Needs {
  input: { params: { token: string } }
}

interface Visit {
  viewer: LinkViewer
  link: VisitedLink
  /** Empty unless one was given or begun. */
  session: string
}

/**
 * Lets in whoever has a live link's token, with its password or the session of an earlier page; adds `ctx.viewer`, `ctx.link`
 * and `ctx.session`.
 * @param counts whether a request without a session counts as a view, and begins one; HEAD shows nothing and counts nothing
 */
export function visiting<N extends Needs>(counts: 'views' | 'nothing'): Step<N, Visit> {
  return step<N, Visit>({}, async (ctx, next) => {
    const { linkVisits } = ctx.services
    const link = await linkVisits.find(ctx.input.params.token)
    const session = ctx.get('X-Share-Session')
    const hasVisited = await linkVisits.hasVisited(link, session)
    if (!hasVisited) await askPassword(ctx, link)
    const isView = counts === 'views' && !hasVisited && ctx.method !== 'HEAD'
    if (!hasVisited && !isView && link.isExhausted) throw exhausted()
    ctx.link = link
    ctx.viewer = { kind: 'link', linkId: link.linkId }
    ctx.session = hasVisited ? session : isView ? await linkVisits.begin(link) : ''
    await next()
  })
}

/**
 * Tries are counted by the address that they come from, and by the link, before any costs a hash. Those that were right are
 * taken back: guests behind one address do not lock each other out, and their visits give whoever guesses no new tries.
 */
async function askPassword(ctx: ApiContext, link: VisitedLink): Promise<void> {
  if (link.passwordHash === null) return
  const given = ctx.get('X-Share-Password')
  if (given === '') throw passwordRequired()
  await consume(ctx, 'sharePassword', addressKey(ctx))
  await consume(ctx, 'sharePasswordTarget', link.linkId)
  await ctx.services.linkVisits.assertPassword(link, given)
  await ctx.services.rateLimits.giveBack('sharePassword', addressKey(ctx))
  await ctx.services.rateLimits.giveBack('sharePasswordTarget', link.linkId)
}
