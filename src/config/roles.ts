/** What holds settings: the API, each kind of worker, and the commands of operators. */
export type Role = 'api' | 'orchestration' | 'media' | 'fanout' | 'command'

/** The secrets that only the roles named here hold: a process that is taken over can give away no others (docs/adr/0029). */
export const HOLDERS = {
  JWT_KEYS: ['api'],
  CURSOR_SECRET: ['api'],
  TOTP_KEYS: ['api'],
  OIDC_PROVIDERS: ['api'],
  STORAGE_EVENTS_TOKEN: ['api'],
  CDN_SIGNING_KEY: ['api', 'orchestration'],
  CDN_PURGE_TOKEN: ['api', 'orchestration', 'media'],
  S3_SECRET_ACCESS_KEY: ['api', 'orchestration', 'media', 'command'],
  MODERATION_CLASSIFIER_TOKEN: ['api', 'media', 'command'],
  EMBEDDING_TOKEN: ['api', 'media'],
  WEBHOOK_KEY: ['api', 'orchestration'],
  WEB_PUSH_KEY: ['api', 'orchestration'],
} as const satisfies Record<string, readonly Role[]>

type HeldSecret = keyof typeof HOLDERS

/** The environment of a process without the secrets that its role does not hold. */
export function envOfRole(env: Record<string, string>, role: Role): Record<string, string> {
  const withheld: readonly string[] = secretsWithheldFrom(role)
  return Object.fromEntries(Object.entries(env).filter(([name]) => !withheld.includes(name)))
}

/** The names of the secrets that a role does not hold. */
export function secretsWithheldFrom(role: Role): HeldSecret[] {
  const names = Object.keys(HOLDERS) as HeldSecret[]
  return names.filter((name) => !(HOLDERS[name] as readonly Role[]).includes(role))
}

/** Satisfies the schema of each; nothing can read it. */
export const WITHHELD = 'withheld:withheld'

/** Has a setting throw when it is read. */
export function withhold(config: object, name: string, role: Role): void {
  Object.defineProperty(config, name, {
    // Copies of the settings leave it out.
    enumerable: false,
    get: () => {
      throw new Error(`A process of the role "${role}" holds no ${name}`)
    },
  })
}
