import type { Clients } from '../clients.ts'
import { createComments } from './comments.ts'
import { createLikes } from './likes.ts'

/** Likes and comments. */
export function openEngagement({ db, textRules }: Clients) {
  return { likes: createLikes({ db }), comments: createComments({ db, textRules }) }
}
