import type { Clients } from '../clients.ts'
import { createLikes } from './likes.ts'

/** Likes and comments. */
export function openEngagement({ db }: Clients) {
  return { likes: createLikes({ db }) }
}
