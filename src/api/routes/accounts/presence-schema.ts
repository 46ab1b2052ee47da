import { z } from 'zod'
import { MAX_PASSWORD } from '../../../domain/passwords.ts'
import { characters } from '../inputs.ts'

/** The body of what asks for a proof of presence (`assertPresent`). */
export const PresenceProofSchema = z
  .strictObject({ password: characters(1, MAX_PASSWORD) })
  .meta({ id: 'PresenceProof', description: 'Proves that it is you who ask: your password.' })

export const presenceExample = { password: 'correct horse battery staple' }
