/** The names of a place, as far as they are known. At sea there is none of them. */
export interface Place {
  city: string | null
  region: string | null
  /** ISO 3166-1 alpha-2, `CH`. */
  country: string | null
}
