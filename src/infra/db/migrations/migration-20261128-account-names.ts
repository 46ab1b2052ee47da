import { Migration } from '@mikro-orm/migrations'
import { wordsOfAccount } from '../../../domain/account-names.ts'

interface StoredAccount {
  user_id: string
  username: string
  display_name: string | null
}

const BATCH_SIZE = 1_000

/** The words that accounts are searched by, with how many follow them, in steps (ADR 44). */
export class Migration20261128AccountNames extends Migration {
  override async up(): Promise<void> {
    await this.execute(`
      CREATE FUNCTION reach_of(followers bigint) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN length(ltrim(greatest(followers, 0)::bit(64)::text, '0'))`)
    await this.execute(
      `COMMENT ON FUNCTION reach_of(bigint) IS '0 for none, 1 for one, 2 up to 3, 3 up to 7 …: the number of its bits'`,
    )
    await this.execute(`
      CREATE TABLE account_names (
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        word    varchar(64) COLLATE "C" NOT NULL,
        reach   smallint NOT NULL DEFAULT 0,
        PRIMARY KEY (user_id, word)
      )`)
    await this.fill()
    await this.execute(`CREATE INDEX account_names_search_idx ON account_names (reach, word, user_id)`)
    // A word that someone holds is left as it is, so that no follow waits for a change of name; the next step tells it again.
    await this.execute(`
      CREATE FUNCTION keep_reach() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE account_names n SET reach = held.reach
        FROM (
          SELECT h.user_id, h.word, counted.reach FROM account_names h, (
            SELECT reach_of(sum(c.followers)::bigint) AS reach FROM user_counters c WHERE c.user_id = NEW.user_id) counted
          WHERE h.user_id = NEW.user_id AND h.reach <> counted.reach FOR NO KEY UPDATE OF h SKIP LOCKED) held
        WHERE n.user_id = held.user_id AND n.word = held.word;
        RETURN NULL;
      END $$`)
    await this.execute(`
      CREATE TRIGGER user_counters_first_reach AFTER INSERT ON user_counters FOR EACH ROW
        WHEN (NEW.followers > 0) EXECUTE FUNCTION keep_reach()`)
    await this.execute(`
      CREATE TRIGGER user_counters_reach AFTER UPDATE OF followers ON user_counters FOR EACH ROW
        WHEN (reach_of(NEW.followers) <> reach_of(OLD.followers)) EXECUTE FUNCTION keep_reach()`)
  }

  /** Folding is TypeScript, so that the words of earlier accounts are made here. */
  private async fill(): Promise<void> {
    let last = '0'
    for (;;) {
      const accounts = (await this.execute(
        `SELECT user_id::text, username, display_name FROM users WHERE user_id > ?::bigint ORDER BY user_id LIMIT ${BATCH_SIZE}`,
        [last],
      )) as unknown as StoredAccount[]
      const rows = accounts.flatMap((account) =>
        wordsOfAccount(account.username, account.display_name).map((word) => [account.user_id, word]),
      )
      await this.execute(
        `INSERT INTO account_names (user_id, word, reach)
         SELECT given.user_id, given.word, coalesce(
           (SELECT reach_of(sum(c.followers)::bigint) FROM user_counters c WHERE c.user_id = given.user_id), 0)
         FROM json_to_recordset(?::json) given (user_id bigint, word text)`,
        [JSON.stringify(rows.map(([user_id, word]) => ({ user_id, word })))],
      )
      if (accounts.length < BATCH_SIZE) return
      last = accounts.at(-1)!.user_id
    }
  }

  override down(): void {
    this.addSql(`DROP TRIGGER user_counters_reach ON user_counters`)
    this.addSql(`DROP TRIGGER user_counters_first_reach ON user_counters`)
    this.addSql(`DROP TABLE account_names`)
    this.addSql(`DROP FUNCTION keep_reach(), reach_of(bigint)`)
  }
}
