import { Migration } from '@mikro-orm/migrations'

/** Archives of all that an account has stored, and how far each has been written (ADR 66). */
export class Migration20261228Exports extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE account_exports (
        export_id    uuid PRIMARY KEY,
        user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        status       text NOT NULL DEFAULT 'preparing' CHECK (status IN ('preparing', 'ready', 'expired', 'deleted')),
        upload_id    text,
        part_bytes   bigint,
        parts        integer NOT NULL DEFAULT 0,
        entries      integer NOT NULL DEFAULT 0,
        bytes        bigint NOT NULL DEFAULT 0,
        bytes_total  bigint,
        photos       integer NOT NULL DEFAULT 0,
        photos_total integer,
        position     jsonb,
        asked_at     timestamptz(3),
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        ready_at     timestamptz(3),
        expires_at   timestamptz(3),
        emptied_at   timestamptz(3),
        CHECK ((ready_at IS NULL) = (expires_at IS NULL)),
        CHECK (status <> 'ready' OR ready_at IS NOT NULL)
      )`)
    this.addSql(
      `COMMENT ON COLUMN account_exports.upload_id IS 'the storage''s name of the upload that is under way'`,
    )
    this.addSql(`COMMENT ON COLUMN account_exports.position IS 'where the next part begins'`)
    this.addSql(
      `COMMENT ON COLUMN account_exports.asked_at IS 'when originals in the cold storage were first asked for'`,
    )
    this.addSql(`COMMENT ON COLUMN account_exports.emptied_at IS 'nothing of it is stored any more'`)
    this.addSql(`CREATE INDEX account_exports_user_idx ON account_exports (user_id, export_id DESC)`)
    this.addSql(
      `CREATE UNIQUE INDEX account_exports_one_idx ON account_exports (user_id) WHERE status = 'preparing'`,
    )
    this.addSql(
      `CREATE INDEX account_exports_stored_idx ON account_exports (created_at) WHERE emptied_at IS NULL`,
    )
    this.addSql(
      `CREATE INDEX account_exports_emptied_idx ON account_exports (emptied_at) WHERE emptied_at IS NOT NULL`,
    )
    this.addSql(`
      CREATE TABLE export_parts (
        export_id uuid NOT NULL REFERENCES account_exports ON DELETE CASCADE,
        number    integer NOT NULL,
        bytes     bigint NOT NULL,
        etag      varchar(128) NOT NULL,
        PRIMARY KEY (export_id, number)
      )`)
    this.addSql(`
      CREATE TABLE export_entries (
        export_id uuid NOT NULL REFERENCES account_exports ON DELETE CASCADE,
        number    integer NOT NULL,
        photo_id  uuid,
        name      varchar(255) NOT NULL,
        at        bigint NOT NULL,
        bytes     bigint NOT NULL,
        crc32     bigint NOT NULL,
        modified  bigint NOT NULL,
        left_out  text CHECK (left_out IN ('deleted', 'missing')),
        PRIMARY KEY (export_id, number)
      )`)
    this.addSql(
      `COMMENT ON TABLE export_entries IS 'what the directory at the end of the archive lists, until it is ready'`,
    )
    for (const table of KINDS_OF) this.addKind(table)
  }

  /** Beside whatever kinds there are: other migrations add theirs in any order. */
  private addKind(table: string): void {
    this.addSql(`
      DO $$
      DECLARE listed text;
      BEGIN
        SELECT pg_get_constraintdef(oid) INTO STRICT listed FROM pg_constraint WHERE conname = '${table}_kind_check';
        EXECUTE 'ALTER TABLE ${table} DROP CONSTRAINT ${table}_kind_check, ADD CONSTRAINT ${table}_kind_check '
          || replace(listed, '])', ', ''export_ready''::text])');
      END $$`)
  }

  /** Delete what is stored under `exports/` first. */
  override down(): void {
    for (const table of KINDS_OF) {
      this.addSql(`DELETE FROM ${table} WHERE kind = 'export_ready'`)
      this.addSql(`
        DO $$
        DECLARE listed text;
        BEGIN
          SELECT pg_get_constraintdef(oid) INTO STRICT listed FROM pg_constraint WHERE conname = '${table}_kind_check';
          EXECUTE 'ALTER TABLE ${table} DROP CONSTRAINT ${table}_kind_check, ADD CONSTRAINT ${table}_kind_check '
            || replace(listed, ', ''export_ready''::text', '');
        END $$`)
    }
    this.addSql(`DROP TABLE export_entries`)
    this.addSql(`DROP TABLE export_parts`)
    this.addSql(`DROP TABLE account_exports`)
  }
}

const KINDS_OF = ['notifications', 'notification_settings']
