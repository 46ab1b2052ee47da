/** A list of the account's rows, which becomes files of JSON: `data/<name>-0001.json` and so on. */
export interface AccountList {
  name: string
  /** What it is, for people. */
  about: string
  /**
   * Selects `item`, as JSON, and `key`, an array of text that tells where the next stretch begins, in the order of the keys.
   * $1: the account. $2: the key of the last row, as text[], or null. $3: how many.
   */
  text: string
}

/** The account, as SQL. */
export const USER = '$1::bigint'
/** Where keys begin. */
export const NO_UUID = `'00000000-0000-0000-0000-000000000000'::uuid`
/** The key of the last row, whose first part is an id. */
export const afterUuid = `coalesce(($2::text[])[1]::uuid, ${NO_UUID})`
export const afterId = `coalesce(($2::text[])[1]::bigint, 0)`
/** A moment as ISO 8601 in UTC. */
export const instant = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
