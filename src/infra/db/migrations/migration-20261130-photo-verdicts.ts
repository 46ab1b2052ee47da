import { Migration } from '@mikro-orm/migrations'

/** What automatic moderation said of photos, each time; never changed (ADR 46). */
export class Migration20261130PhotoVerdicts extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE photo_verdicts (
        photo_verdict_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        photo_id         uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
        verdict          text NOT NULL CHECK (verdict IN ('allow', 'limit', 'quarantine')),
        source           text NOT NULL CHECK (source IN ('scores', 'block_list', 'text', 'person')),
        reason           varchar(100),
        model            varchar(100),
        model_version    varchar(100),
        scores           jsonb,
        policy_version   varchar(32) NOT NULL,
        created_at       timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(
      `COMMENT ON COLUMN photo_verdicts.source IS 'what decided; scores are there whenever a classifier was asked'`,
    )
    this.addSql(`CREATE INDEX photo_verdicts_photo_idx ON photo_verdicts (photo_id, photo_verdict_id DESC)`)
    this.addSql(`
      CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photo_verdicts_append_only BEFORE UPDATE ON photo_verdicts
        FOR EACH ROW EXECUTE FUNCTION refuse_change()`)
  }

  override down(): void {
    this.addSql(`DROP TABLE photo_verdicts`)
    this.addSql(`DROP FUNCTION refuse_change()`)
  }
}
