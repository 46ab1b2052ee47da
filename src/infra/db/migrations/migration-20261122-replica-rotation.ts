import { Migration } from '@mikro-orm/migrations'

/** Which replicas may serve reads, decided by the replica keeper and obeyed by every process. */
export class Migration20261122ReplicaRotation extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE replicas (
        name       text PRIMARY KEY,
        serving    boolean NOT NULL,
        reason     text NOT NULL,
        changed_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
      )`)
    this.addSql(`COMMENT ON TABLE replicas IS 'standbys by application_name; absent means serving'`)
  }

  override down(): void {
    this.addSql(`DROP TABLE replicas`)
  }
}
