import { Readable } from 'node:stream'
import { DarkroomError } from '../../../domain/errors.ts'
import type { GivenEventId } from '../../../services/events/event-ids.ts'
import { TICKET_SECONDS } from '../../../services/events/tickets.ts'
import type { ApiContext } from '../../context.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { untilClosed } from '../../until-closed.ts'
import { presentStream } from './presenter.ts'
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
    const items = await ctx.services.eventStreams.open(holder, {
      lastEventId: givenEventId(ctx.get('Last-Event-ID'), lastEventId),
      closed: untilClosed(ctx),
      cutOff: () => ctx.res.destroy(),
    })
    ctx.set('Cache-Control', 'no-store')
    // Proxies pass on each event at once, and the connection ends with the stream.
    ctx.set('X-Accel-Buffering', 'no')
    ctx.set('Connection', 'close')
    ctx.type = 'text/event-stream'
    ctx.body = Readable.from(presentStream(items))
  })
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
