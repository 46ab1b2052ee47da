import type { Clients } from '../clients.ts'
import { createFollows } from './follows.ts'
import { createProfiles } from './profiles.ts'

/** The social graph, and profiles as others see them. */
export function openGraph({ db }: Clients) {
  return { follows: createFollows({ db }), profiles: createProfiles() }
}
