import { Migration } from '@mikro-orm/migrations'

/** A strike that is given or taken back owes accountStanding a signal, whatever writes it (ADR 51). */
export class Migration20261219OwedStandings extends Migration {
  override up(): void {
    this.addSql(`
      CREATE FUNCTION owe_standing() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO outbox (kind, payload)
        VALUES ('standingChanged', jsonb_build_object('userId', NEW.owner_id::text));
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER moderation_decisions_strike AFTER INSERT ON moderation_decisions FOR EACH ROW
        WHEN (NEW.strike_until IS NOT NULL) EXECUTE FUNCTION owe_standing()`)
    this.addSql(`
      CREATE TRIGGER moderation_decisions_reversed AFTER UPDATE OF strike_until, reversed_at ON moderation_decisions
        FOR EACH ROW
        WHEN ((OLD.strike_until, OLD.reversed_at) IS DISTINCT FROM (NEW.strike_until, NEW.reversed_at)
          AND (OLD.strike_until IS NOT NULL OR NEW.strike_until IS NOT NULL))
        EXECUTE FUNCTION owe_standing()`)
  }

  override down(): void {
    this.addSql(`DROP TRIGGER moderation_decisions_reversed ON moderation_decisions`)
    this.addSql(`DROP TRIGGER moderation_decisions_strike ON moderation_decisions`)
    this.addSql(`DROP FUNCTION owe_standing()`)
  }
}
