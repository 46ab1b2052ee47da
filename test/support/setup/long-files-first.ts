import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Files that take longer than 10 s, the longest first: started last, one of them would keep a single worker busy while the
 * others have nothing left to do.
 */
const LONGEST_FIRST = [
  'property/feed',
  'access/matrix',
  'retraction/faults',
  'e2e/kills',
  'leaving/kills',
  'leaving/deaths',
  'distribution/celebrity',
  'operations/replica-keeper',
  'e2e/main-job',
  'e2e/schemathesis',
  'distribution/faults',
  'distribution/cluster',
  'e2e/bad-uploads',
  'infra/silent-postgres',
  'fanout-shard/workflow',
  'account-sync/workflow',
  'events/processes',
  'events/redis',
  'events/endings',
  'property/metamorphic',
  'property/events',
  'uploads/upload',
  'edge/restart',
  'photo-upload/workflow',
  'search/rights',
  'search/index',
  'e2e/fanout-kill',
  'requests/limits',
  'photo-fanout/workflow',
  'distribution/cli',
  'feed/readers',
  'leaving/erasure',
  'exports/kills',
]

/** All projects share the workers: long files first, then those that need servers, then the rest. */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONGEST_FIRST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
      return place < 0 ? LONGEST_FIRST.length : place
    }
    return [...files].sort(
      (a, b) => rank(a) - rank(b) || PROJECTS.indexOf(a.project.name) - PROJECTS.indexOf(b.project.name),
    )
  }
}

const PROJECTS = ['servers', 'workflows', 'unit']
