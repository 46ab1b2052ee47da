import { Migration } from '@mikro-orm/migrations'

/** Reports, cases, decisions and appeals (ADR 49). */
export class Migration20261204ModerationCases extends Migration {
  override up(): void {
    this.addPolicies()
    this.addCases()
    this.addReports()
    this.addDecisions()
    this.addAppeals()
  }

  private addPolicies(): void {
    this.addSql(`
      CREATE TABLE moderation_policies (
        policy_id  varchar(40) NOT NULL,
        version    integer NOT NULL,
        title      varchar(100) NOT NULL,
        text       varchar(5000) NOT NULL,
        is_strike  boolean NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (policy_id, version)
      )`)
    this.addSql(
      `COMMENT ON TABLE moderation_policies IS 'every version stays: decisions name the one they go by; the highest is in force'`,
    )
    const rows = POLICIES.map(([id, title, text]) => `('${id}', 1, '${title}', '${text}', ${id !== 'other'})`)
    this.addSql(
      `INSERT INTO moderation_policies (policy_id, version, title, text, is_strike) VALUES ${rows.join(', ')}`,
    )
  }

  private addCases(): void {
    this.addSql(`
      CREATE TABLE moderation_cases (
        case_id       uuid PRIMARY KEY,
        subject_type  text NOT NULL CHECK (subject_type IN ('photo', 'comment', 'user')),
        subject_id    varchar(40) NOT NULL,
        owner_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        source        text NOT NULL CHECK (source IN ('reports', 'screening')),
        state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'decided', 'appealed', 'closed')),
        priority      smallint NOT NULL,
        weight        double precision NOT NULL DEFAULT 0,
        report_count  integer NOT NULL DEFAULT 0,
        policy_id     varchar(40) NOT NULL,
        evidence      jsonb NOT NULL,
        opened_at     timestamptz(3) NOT NULL DEFAULT now(),
        due_at        timestamptz(3) NOT NULL,
        claimed_by    bigint REFERENCES users ON DELETE SET NULL,
        claimed_until timestamptz(3),
        closed_at     timestamptz(3)
      )`)
    this.addSql(`COMMENT ON COLUMN moderation_cases.priority IS '0 urgent, 1 high, 2 normal, 3 low'`)
    this.addSql(
      `COMMENT ON TABLE moderation_cases IS 'what is to be decided about one subject, which has at most one that is not closed'`,
    )
    this.addSql(`
      CREATE UNIQUE INDEX moderation_cases_open_key ON moderation_cases (subject_type, subject_id) WHERE state <> 'closed'`)
    this.addSql(
      `CREATE INDEX moderation_cases_queue_idx ON moderation_cases (state, priority, due_at, case_id)`,
    )
    this.addSql(`CREATE INDEX moderation_cases_owner_idx ON moderation_cases (owner_id)`)
    this.addSql(`
      CREATE INDEX moderation_cases_claimed_idx ON moderation_cases (claimed_by) WHERE claimed_by IS NOT NULL`)
  }

  private addReports(): void {
    this.addSql(`
      CREATE TABLE reports (
        report_id    uuid PRIMARY KEY,
        case_id      uuid NOT NULL REFERENCES moderation_cases ON DELETE CASCADE,
        reporter_id  bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        subject_type text NOT NULL CHECK (subject_type IN ('photo', 'comment', 'user')),
        subject_id   varchar(40) NOT NULL,
        reason       text NOT NULL CHECK (reason IN (${REASONS})),
        detail       varchar(1000),
        weight       double precision NOT NULL,
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        UNIQUE (case_id, reporter_id)
      )`)
    this.addSql(`CREATE INDEX reports_reporter_idx ON reports (reporter_id, created_at DESC, report_id DESC)`)
    this.addSql(`CREATE INDEX reports_subject_idx ON reports (reporter_id, subject_type, subject_id)`)
  }

  private addDecisions(): void {
    this.addSql(`
      CREATE TABLE moderation_decisions (
        decision_id    uuid PRIMARY KEY,
        case_id        uuid NOT NULL REFERENCES moderation_cases ON DELETE CASCADE,
        subject_type   text NOT NULL CHECK (subject_type IN ('photo', 'comment', 'user')),
        subject_id     varchar(40) NOT NULL,
        owner_id       bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        action         text NOT NULL CHECK (action IN ('dismiss', 'limit', 'takedown', 'restore', 'suspend')),
        policy_id      varchar(40) NOT NULL,
        policy_version integer NOT NULL,
        reason         varchar(2000) NOT NULL,
        decided_by     bigint REFERENCES users ON DELETE SET NULL,
        decided_as     text NOT NULL CHECK (decided_as IN ('moderator', 'senior', 'admin', 'classifier')),
        until          timestamptz(3),
        strike_until   timestamptz(3),
        reversed_at    timestamptz(3),
        created_at     timestamptz(3) NOT NULL DEFAULT now(),
        FOREIGN KEY (policy_id, policy_version) REFERENCES moderation_policies
      )`)
    this.addSql(`CREATE INDEX moderation_decisions_case_idx ON moderation_decisions (case_id, created_at)`)
    this.addSql(`
      CREATE INDEX moderation_decisions_owner_idx ON moderation_decisions (owner_id, created_at DESC, decision_id DESC)`)
    this.addSql(`CREATE INDEX moderation_decisions_created_idx ON moderation_decisions (created_at)`)
    this.addSql(`CREATE INDEX moderation_decisions_decided_by_idx ON moderation_decisions (decided_by)`)
  }

  private addAppeals(): void {
    this.addSql(`
      CREATE TABLE moderation_appeals (
        appeal_id   uuid PRIMARY KEY,
        decision_id uuid NOT NULL UNIQUE REFERENCES moderation_decisions ON DELETE CASCADE,
        text        varchar(2000) NOT NULL,
        state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'granted', 'rejected')),
        answered_by bigint REFERENCES users ON DELETE SET NULL,
        answer      varchar(2000),
        answered_at timestamptz(3),
        created_at  timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(`CREATE INDEX moderation_appeals_answered_by_idx ON moderation_appeals (answered_by)`)
  }

  override down(): void {
    this.addSql(
      `DROP TABLE moderation_appeals, moderation_decisions, reports, moderation_cases, moderation_policies`,
    )
  }
}

const POLICIES = [
  ['spam', 'Spam', 'No advertising, chain messages or content that is repeated to gain attention.'],
  ['nudity', 'Nudity and sexual content', 'Nudity is shown behind a warning. Pornography is not allowed.'],
  [
    'violence',
    'Violence',
    'No glorification of violence or cruelty. Documentary pictures are shown behind a warning.',
  ],
  ['hate', 'Hate', 'No attacks on people for what they are: origin, religion, sex, orientation, disability.'],
  [
    'harassment',
    'Harassment',
    'No threats, insults or pursuit of a person, and no private pictures of people against their will.',
  ],
  ['self-harm', 'Self-harm', 'Nothing that encourages suicide, self-harm or eating disorders.'],
  [
    'child-safety',
    'Safety of children',
    'Nothing that sexualizes or endangers children. It is reported to the authorities.',
  ],
  ['illegal', 'Unlawful content', 'Nothing that the law forbids where the service is offered.'],
  ['copyright', 'Rights of others', 'Only what you made yourself or may publish.'],
  ['impersonation', 'Impersonation', 'No account that pretends to be another person or an organization.'],
  ['other', 'Other rules of the community', 'What spoils the service for others in another way.'],
] as const

const REASONS = POLICIES.map(([id]) => `'${id}'`).join(', ')
