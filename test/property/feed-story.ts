import fc from 'fast-check'
import { VISIBILITIES, type Visibility } from '../../src/domain/visibility.ts'
import { DEEDS } from './consent.ts'
import { DEADLY_POINTS, type Kill } from './fanout-workers.ts'
import { BALLAST_KEYS } from './redis-trouble.ts'

export const ACCOUNTS = 4

const account = fc.nat({ max: ACCOUNTS - 1 })
const photo = fc.nat({ max: 1_000 })
const visibility = fc.constantFrom<Visibility>(...VISIBILITIES)
const limit = fc.integer({ min: 1, max: 100 })
/** Page sizes to compare feeds with at the end. */
export const limits = fc.array(limit, { minLength: 1, maxLength: 2 })

/** Another process reads the same heads; one that Redis does not answer reads none. */
const via = fc.constantFrom('this process', 'another process', 'without Redis')
export type Via = typeof via extends fc.Arbitrary<infer Name> ? Name : never

/** A push of three followers takes some 30 ms. */
const kill: fc.Arbitrary<Kill> = fc.record({
  pages: fc.nat({ max: 3 }),
  then: fc.oneof(fc.nat({ max: 12 }), fc.constantFrom(...DEADLY_POINTS)),
  again: fc.constantFrom('at once', 'later'),
  heartbeatsLost: fc.boolean(),
})

const operation = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('post'),
      account,
      visibility,
      tie: fc.boolean(),
      inFlight: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('publish'),
      account,
      visibility,
      tie: fc.boolean(),
      late: fc.boolean(),
      inFlight: fc.boolean(),
    }),
  },
  {
    // By the one whom all others follow at first.
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('publish'),
      account: fc.constant(0),
      visibility: fc.constantFrom<Visibility>('public', 'followers'),
      tie: fc.boolean(),
      late: fc.boolean(),
      inFlight: fc.boolean(),
      kill,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove'), photo }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('show'), photo, visibility, inFlight: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('follow'), account, other: account }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom(...DEEDS), account, other: account }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('set privacy'), account, isPrivate: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('read'),
      account,
      limit,
      pages: fc.integer({ min: 1, max: 3 }),
      slowly: fc.boolean(),
      via,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('distribute'), photo }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('distribute'), photo, kill }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('flush'), account, all: fc.boolean(), late: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('evict'),
      count: fc.integer({ min: 1, max: BALLAST_KEYS / 2 }),
      late: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop reading'), account }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('collect') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pause the replica') }) },
)
export type Operation = {
  [Name in string]: {
    do: Name
    account: number
    other: number
    photo: number
    limit: number
    pages: number
    count: number
  } & {
    visibility: Visibility
    tie: boolean
    slowly: boolean
    late: boolean
    inFlight: boolean
    via: Via
    kill: Kill | undefined
    all: boolean
    isPrivate: boolean
  }
}[string]

/** What runs in one step runs at the same time. */
export const story = fc.array(fc.array(operation, { minLength: 1, maxLength: 5 }), {
  minLength: 3,
  maxLength: 14,
})
