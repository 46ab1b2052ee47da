import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { createTestDatabase, inDatabase } from '../servers/test-databases.ts'

/**
 * Runs before each test file: gives it a database and a Temporal namespace of its own, so that files can run at the same
 * time. The namespace exists once a test sets it up; until then what is owed to Temporal stays in the outbox.
 */
const name = inject('databasePrefix') + randomBytes(4).toString('hex')
process.env.DATABASE_URL = await createTestDatabase(inject('databaseUrl'), inject('templateDatabase'), name)
const replicaUrl = inject('databaseReplicaUrl')
if (replicaUrl) process.env.DATABASE_REPLICA_URL = inDatabase(replicaUrl, name)
process.env.TEMPORAL_NAMESPACE = name.replaceAll('_', '-')
