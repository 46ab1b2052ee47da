import { Migration } from '@mikro-orm/migrations'

/** The log of what moderation does (ADR 45). A trigger numbers and chains the entries, one transaction at a time. */
export class Migration20261202ModerationAudit extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE moderation_audit (
        seq        bigint PRIMARY KEY,
        at         timestamptz(3) NOT NULL DEFAULT now(),
        actor_id   bigint,
        actor_role text NOT NULL,
        action     text NOT NULL,
        subject    text NOT NULL,
        details    jsonb NOT NULL,
        hash       bytea NOT NULL
      )`)
    this.addSql(`
      COMMENT ON TABLE moderation_audit IS
        'append-only; each hash covers its entry and the hash before it, and numbers leave no gap (darkroom moderation audit verify)'`)
    this.addSql(`
      CREATE FUNCTION moderation_audit_hash(before bytea, entry moderation_audit) RETURNS bytea
        LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT sha256(before || convert_to(jsonb_build_array(entry.seq,
          to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), entry.actor_id, entry.actor_role,
          entry.action, entry.subject, entry.details)::text, 'UTF8')) $$`)
    this.addSql(`
      CREATE FUNCTION chain_moderation_audit() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        last moderation_audit;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('moderation_audit', 0));
        SELECT * INTO last FROM moderation_audit ORDER BY seq DESC LIMIT 1;
        NEW.seq := coalesce(last.seq, 0) + 1;
        NEW.at := date_trunc('milliseconds', clock_timestamp());
        NEW.hash := moderation_audit_hash(coalesce(last.hash, ''), NEW);
        RETURN NEW;
      END $$`)
    this.addSql(`
      CREATE TRIGGER moderation_audit_chain BEFORE INSERT ON moderation_audit
        FOR EACH ROW EXECUTE FUNCTION chain_moderation_audit()`)
    this.addSql(`
      CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'moderation_audit is append-only';
      END $$`)
    this.addSql(`
      CREATE TRIGGER moderation_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON moderation_audit
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()`)
  }

  override down(): void {
    this.addSql(`DROP TABLE moderation_audit CASCADE`)
    this.addSql(`DROP FUNCTION chain_moderation_audit(), refuse_audit_change()`)
  }
}
