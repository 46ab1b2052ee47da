import { z } from 'zod'
import { MAX_CURSOR_CHARACTERS } from '../../../services/lists/cursor.ts'
import { TICKET_SECONDS } from '../../../services/events/tickets.ts'
import { operation } from '../../operation.ts'
import { queryText } from '../inputs.ts'

export const CreateTicket = operation({
  id: 'createEventTicket',
  scope: 'none',
  summary: 'Get a ticket for a stream of live events',
  description:
    `The ticket opens one stream, within ${TICKET_SECONDS} seconds, for your account and the session of your access token. It stands ` +
    'in for the Authorization header, which a browser’s EventSource cannot send.',
  examples: { answer: { ticket: 'hY3vN2kqT0mX8cLr5bWz1dJf7gPs4uEa9oQi6tRyVxU', expiresIn: TICKET_SECONDS } },
  gives: { ticket: '/ticket' },
  responses: {
    201: z.object({
      ticket: z.string(),
      expiresIn: z.number().int().meta({ description: 'Seconds.' }),
    }),
  },
})

const eventId = queryText(1, MAX_CURSOR_CHARACTERS)

export const StreamEvents = operation({
  id: 'streamEvents',
  summary: 'Follow live events',
  description: [
    'Server-sent events, each with an `id`, an `event` and JSON as `data`:',
    [
      '| event | data | what it means |',
      '|---|---|---|',
      '| `ready` | `{}` | The stream is open. What happens from its `id` on is sent. |',
      '| `notification` | `{"id", "kind"}` | There is a notification, or it has changed. Fetch it from the list. |',
      '| `unread` | `{"count"}` | How many notifications are unread. |',
      '| `reset` | `{}` | Events may be missing. Fetch what you show again. |',
      '| `renew` | `{}` | The stream ends now. Connect again with a new ticket. |',
    ].join('\n'),
    'Events carry ids and counts only; your rights decide what you get for them. One can come twice. Comments (`:`) are signs of life, ' +
      'at least every 25 seconds. A stream lives at most 5 minutes, and ends within seconds when you sign out.',
    'To go on after a lost connection, get a new ticket and send the last `id` that you received, as `Last-Event-ID` or, with ' +
      'EventSource, as `lastEventId`. What happened meanwhile follows; after an hour, 200 events or a restart of the event store, a ' +
      '`reset` does.',
  ].join('\n\n'),
  query: z.strictObject({
    ticket: queryText(1, 256).meta({ description: 'From POST /v1/events/tickets; good once.' }),
    lastEventId: eventId
      .optional()
      .meta({ description: 'The same as the header `Last-Event-ID`, which goes first.' }),
  }),
  headers: z.object({
    'Last-Event-ID': eventId.optional().meta({ description: 'The id of the last event that you received.' }),
  }),
  responses: { 200: { contentType: 'text/event-stream', description: 'Events, until one side hangs up.' } },
  errors: ['unauthenticated', 'bad_cursor', 'method_not_allowed'],
})
