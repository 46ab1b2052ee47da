import { Migration } from '@mikro-orm/migrations'

/** Deals followers into 16,384 buckets instead of 1,024 (ADR 15). Rewrites `follows` and its indexes under a full lock. */
export class Migration20261126Buckets extends Migration {
  override up(): void {
    this.dealIntoBuckets(18)
  }

  override down(): void {
    this.dealIntoBuckets(22)
  }

  /** Fibonacci hashing of the low 31 bits, of whose 32 the highest `32 - shift` count; twin of domain/buckets.ts. */
  private dealIntoBuckets(shift: number): void {
    this.addSql(`
      CREATE OR REPLACE FUNCTION feed_bucket(user_id bigint) RETURNS smallint
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN ((((user_id & 2147483647) * 2654435761) & 4294967295) >> ${shift})::smallint`)
    this.addSql(
      `ALTER TABLE follows ALTER COLUMN follower_bucket SET EXPRESSION AS (feed_bucket(follower_id))`,
    )
    // Heads lie under other keys now. What is left under the old ones must never be taken for complete again.
    this.addSql(`UPDATE feed_state SET epoch = epoch + 1`)
  }
}
