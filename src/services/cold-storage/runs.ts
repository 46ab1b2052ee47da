import type { Query } from '../../infra/db/database.ts'

/** A run of coldStorage has come to its end. Those without a cold storage count too: so one that is set up again is not late at once. */
export async function recordRun(query: Query): Promise<void> {
  await query({
    text: `INSERT INTO cold_storage_runs (finished_at) VALUES (now()) ON CONFLICT (is_last) DO UPDATE SET finished_at = now()`,
  })
}

/** Seconds since a run ended. Where none has, they count from the first question, so that a run that never comes is noticed. */
export async function secondsSinceRun(query: Query): Promise<number> {
  await query({ text: 'INSERT INTO cold_storage_runs DEFAULT VALUES ON CONFLICT DO NOTHING' })
  const [row] = await query<{ seconds: number }>({
    text: 'SELECT extract(epoch FROM now() - finished_at)::float8 AS seconds FROM cold_storage_runs',
  })
  return row!.seconds
}
