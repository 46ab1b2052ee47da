import { createHash } from 'node:crypto'
import { DarkroomError, invalidField } from '../../domain/errors.ts'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { FirstRun, KeptAnswer } from '../../services/requests/idempotency.ts'
import { STATUS_BY_CODE } from '../errors.ts'
import { step, type ApiContext, type SignedIn, type Step } from '../context.ts'

/** Printable ASCII characters. */
export const IDEMPOTENCY_KEY = new RegExp(`^[ -~]{1,${MAX_CHARACTERS.idempotencyKey}}$`)

interface Needs {
  viewer: SignedIn
  input: { params: unknown; query: unknown; body: unknown }
}

type Kept = Extract<KeptAnswer, { resourceId: string }>

/**
 * Honours Idempotency-Key: `replay` shows the first answer with current rights and URLs. With
 * `ctx.firstRun` a route keeps its answer in the transaction that creates the resource; a refusal
 * below 500 other than 429 is kept as it is.
 */
export function idempotent<N extends Needs>(
  replay: (ctx: ApiContext & Needs, kept: Kept) => Promise<void>,
): Step<N, { firstRun: FirstRun | undefined }> {
  return step<N, { firstRun: FirstRun | undefined }>({ idempotent: true }, async (ctx, next) => {
    const key = ctx.req.headers['idempotency-key'] as string | undefined
    if (key === undefined) {
      await next()
      return
    }
    if (!IDEMPOTENCY_KEY.test(key)) {
      throw invalidField(
        'header.Idempotency-Key',
        `At most ${MAX_CHARACTERS.idempotencyKey} printable ASCII characters.`,
      )
    }
    const begun = await ctx.services.idempotency.begin({
      userId: ctx.viewer.userId,
      route: `${ctx.method} ${ctx.state.routePattern}`,
      key,
      fingerprint: fingerprintOf(ctx.input),
    })
    if ('kept' in begun) return answerAgain(ctx, begun.kept, replay)
    ctx.firstRun = begun.first
    try {
      await next()
    } catch (error) {
      await afterRefusal(begun.first, error)
      throw error
    }
  })
}

async function answerAgain(
  ctx: ApiContext & Needs,
  kept: KeptAnswer,
  replay: (ctx: ApiContext & Needs, kept: Kept) => Promise<void>,
): Promise<void> {
  if ('problem' in kept)
    throw new DarkroomError(kept.problem.code, kept.problem.message, { fields: kept.problem.fields })
  ctx.status = kept.status
  await replay(ctx, kept)
}

async function afterRefusal(first: FirstRun, error: unknown): Promise<void> {
  const kept =
    error instanceof DarkroomError && STATUS_BY_CODE[error.code] < 500 && error.code !== 'rate_limited'
  if (kept)
    await first.keepAfterwards({
      problem: { code: error.code, message: error.message, fields: error.fields },
    })
  else await first.release()
}

/** A digest of the validated input; its fields have a fixed order, so the client's JSON may differ. */
function fingerprintOf({ params, query, body }: Needs['input']): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([params ?? null, query ?? null, body ?? null]))
    .digest()
}
