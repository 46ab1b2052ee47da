/**
 * What happened to an account, as its open streams are told. An event carries ids and counts only: the client fetches what
 * they stand for, and the rights of that moment decide what it gets. So a replayed event reveals nothing that has been
 * hidden meanwhile.
 */
export type LiveEvent =
  { type: 'notification'; data: { id: string; kind: string } } | { type: 'unread'; data: { count: number } }
