/** Who may import whom (docs/architecture.md, Layers). `npm run lint` fails on any other import. */
const TESTS = '\\.test\\.ts$|\\.table\\.ts$'

/** `from` may import nothing of src/ but itself and `allowed`. */
function layer(from, allowed, comment) {
  const own = [from, ...allowed].join('|')
  return {
    name: `layer-${from}`,
    comment,
    severity: 'error',
    from: { path: `^src/${from}/`, pathNot: TESTS },
    to: { path: '^src/', pathNot: `^src/(${own})/` },
  }
}

/**
 * The modules of src/services, each with the modules that it may import, its own aside. `lists`, `requests`, `delivery`
 * and `distribution` know no other module; `operations` runs the sweeps of any (docs/architecture.md, Modules).
 */
const MODULES = {
  lists: [],
  requests: [],
  delivery: [],
  blobs: [],
  'cold-storage': ['blobs', 'delivery'],
  accounts: ['delivery', 'lists', 'requests'],
  distribution: [],
  events: ['accounts', 'lists'],
  graph: ['accounts', 'distribution', 'delivery', 'lists'],
  photos: ['accounts', 'blobs', 'distribution', 'delivery', 'lists'],
  albums: ['accounts', 'graph', 'photos', 'delivery', 'requests', 'lists'],
  uploads: ['accounts', 'blobs', 'photos', 'albums', 'distribution', 'delivery', 'requests'],
  'share-links': ['accounts', 'photos', 'albums', 'uploads', 'delivery', 'lists'],
  engagement: ['photos', 'graph', 'accounts', 'delivery', 'requests', 'lists'],
  moderation: ['engagement', 'photos', 'distribution', 'delivery', 'lists'],
  retraction: ['blobs', 'photos', 'delivery'],
  screening: ['blobs', 'photos', 'uploads', 'moderation', 'delivery'],
  avatars: ['uploads', 'screening', 'photos', 'delivery', 'requests'],
  'photo-texts': ['blobs', 'uploads', 'delivery'],
  embeddings: ['screening', 'photos', 'lists'],
  exports: ['blobs', 'photos', 'delivery', 'requests', 'lists'],
  feed: ['photos', 'distribution', 'lists'],
  search: ['photos', 'graph', 'lists'],
  discovery: ['photos', 'accounts', 'search', 'lists'],
  notifications: ['engagement', 'albums', 'photos', 'graph', 'accounts', 'events', 'delivery', 'lists'],
  webhooks: ['accounts', 'delivery', 'lists'],
  'web-push': ['notifications', 'delivery', 'lists'],
  leaving: [
    'accounts',
    'avatars',
    'exports',
    'albums',
    'graph',
    'photos',
    'distribution',
    'retraction',
    'requests',
    'delivery',
  ],
  operations: [
    'avatars',
    'cold-storage',
    'lists',
    'requests',
    'delivery',
    'blobs',
    'accounts',
    'distribution',
    'graph',
    'photos',
    'albums',
    'uploads',
    'share-links',
    'moderation',
    'retraction',
    'exports',
    'feed',
    'search',
    'discovery',
    'engagement',
    'notifications',
    'webhooks',
    'leaving',
  ],
}

/** A module of services/ may import itself and `allowed`; what lies beside the modules builds them and imports all. */
function moduleOrder([name, allowed]) {
  return {
    name: `module-${name}`,
    comment: 'Modules are in an order (docs/architecture.md, Modules).',
    severity: 'error',
    from: { path: `^src/services/${name}/`, pathNot: TESTS },
    to: {
      path: '^src/services/',
      pathNot: `^src/services/(clients\\.ts|(${[name, ...allowed].join('|')})/)`,
    },
  }
}

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    layer('domain', [], 'The rules of the domain know nothing but themselves.'),
    {
      name: 'no-node-in-rules-and-workflows',
      comment: 'The rules of the domain and all that a workflow is bundled with run without Node.',
      severity: 'error',
      from: { path: '^src/(domain|contracts|workflows)/', pathNot: TESTS },
      to: { dependencyTypes: ['core'] },
    },
    layer('contracts', ['domain'], 'Contracts speak of the domain only.'),
    layer('entities', ['domain'], 'Entities speak of the domain only.'),
    layer('config', ['domain'], 'Settings are parsed once, of nothing.'),
    layer(
      'observability',
      ['domain', 'contracts', 'config'],
      'Observability is used, it uses nothing above it.',
    ),
    layer(
      'infra',
      ['entities', 'contracts', 'domain', 'config', 'observability'],
      'Clients and their quirks.',
    ),
    ...Object.entries(MODULES).map(moduleOrder),
    layer('services', ['infra', 'entities', 'contracts', 'domain', 'config', 'observability'], 'Use cases.'),
    layer(
      'workflows',
      ['contracts', 'domain'],
      'Workflows are deterministic; types of activities are contracts.',
    ),
    {
      name: 'workflows-packages',
      comment: 'Of packages, a workflow sees @temporalio/workflow and @temporalio/common alone.',
      severity: 'error',
      from: { path: '^src/(workflows|contracts)/', pathNot: TESTS },
      to: { path: 'node_modules', pathNot: 'node_modules/@temporalio/(workflow|common)/' },
    },
    layer(
      'activities',
      ['services', 'contracts', 'domain', 'observability'],
      'Activities are thin, over services.',
    ),
    {
      name: 'layer-api',
      severity: 'error',
      from: { path: '^src/api/', pathNot: `${TESTS}|^src/api/server\\.ts$` },
      to: {
        path: '^src/',
        pathNot: '^src/(api|services|contracts|domain|observability)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'composition-roots-alone-construct',
      comment: 'Only api/server.ts, workers/* and cli/* construct config and infra.',
      severity: 'error',
      from: { path: '^src/(api|activities|services)/', pathNot: `${TESTS}|^src/api/server\\.ts$` },
      to: { path: '^src/config/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nobody-imports-a-composition-root',
      severity: 'error',
      from: {
        path: '^src/(domain|contracts|entities|infra|services|workflows|activities|observability|config)/',
      },
      to: { path: '^src/(api|workers|cli)/' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-undeclared-package',
      severity: 'error',
      from: { path: '^(src|stack|bench|test)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'unknown'] },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: { path: '^(src|stack|bench|test)/' },
      to: { couldNotResolve: true, pathNot: '^node:' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
}
