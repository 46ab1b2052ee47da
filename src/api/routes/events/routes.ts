import { once } from 'node:events'
import type { StreamItem } from '../../../services/events/streams.ts'
import { DarkroomError } from '../../../domain/errors.ts'
import type { GivenEventId } from '../../../services/events/event-ids.ts'
import { TICKET_SECONDS } from '../../../services/events/tickets.ts'
import type { ApiContext } from '../../context.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { untilClosed } from '../../until-closed.ts'
import { presentItem, presentRetry } from './presenter.ts'
import { CreateTicket, StreamEvents } from './schema.ts'

export function eventRoutes(routes: Routes): void {
  routes.post('/events/tickets', limit('poll'), signedIn(), valid(CreateTicket), async (ctx) => {
    const ticket = await ctx.services.eventTickets.issue(ctx.viewer)
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { ticket, expiresIn: TICKET_SECONDS }
  })

  routes.get('/events', limit('poll'), valid(StreamEvents), async (ctx) => {
    refuseHead(ctx)
    const { ticket, lastEventId } = ctx.input.query
    const holder = await ctx.services.eventTickets.redeem(ticket)
    // For the log.
    ctx.state.identity = { viewer: { kind: 'user', ...holder } }
    const closed = untilClosed(ctx)
    const items = await ctx.services.eventStreams.open(holder, {
      lastEventId: givenEventId(ctx.get('Last-Event-ID'), lastEventId),
      closed,
      cutOff: () => ctx.res.destroy(),
    })
    ctx.status = 200
    ctx.type = 'text/event-stream'
    ctx.set('Cache-Control', 'no-store')
    // Proxies pass on each event at once, and the connection ends with the stream.
    ctx.set('X-Accel-Buffering', 'no')
    ctx.set('Connection', 'close')
    // A body that Koa pipes takes 11 KB more for as long as the stream is open.
    ctx.respond = false
    ctx.res.flushHeaders()
    void send(ctx, items, closed)
  })
}

/** Writes one item when the client has taken those before. */
async function send(
  { res, state }: ApiContext,
  items: AsyncIterable<StreamItem>,
  closed: AbortSignal,
): Promise<void> {
  try {
    res.write(presentRetry())
    for await (const item of items) {
      if (!res.write(presentItem(item))) await once(res, 'drain', { signal: closed })
    }
    res.end()
  } catch (error) {
    if (!closed.aborted) state.logger.warn({ err: error }, 'stream of events not finished')
    res.destroy()
  }
}

/** Its answer would have no body, and the ticket would be gone. */
function refuseHead(ctx: ApiContext): void {
  if (ctx.method !== 'HEAD') return
  ctx.set('Allow', 'GET')
  throw new DarkroomError('method_not_allowed', 'This method is not allowed here; see Allow.')
}

/** A browser that reconnects by itself repeats the old query and sends the newer header. */
function givenEventId(header: string, query: string | undefined): GivenEventId | undefined {
  if (header !== '') return { id: header, path: 'header.Last-Event-ID' }
  return query === undefined ? undefined : { id: query, path: 'query.lastEventId' }
}
