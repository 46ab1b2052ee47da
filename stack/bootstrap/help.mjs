const overview = `Darkroom

  npm run demo [-- --once]   install, start everything, run the main job on real photos; Ctrl-C stops it
  npm run demo:celebrity     a celebrity with 200,000 followers posts while others read
  npm start                  the same service without demo data
  npm run dev                the same, but API and workers restart when their files change
  npm test [-- <vitest args>]  all tests, on servers of their own that go away afterwards
  npm run bench -- <names>   measures Darkroom beside references, on servers of their own
  npm run corpus [-- <flips>]  hostile images through the processes that decode, with a report
  npm run darkroom -- <command>  the operator's command line: setup, migrate, fanout
  npm run graph              draws which modules import which, into docs/modules.md
  npm run stack -- <command> the embedded servers alone: install, up, down, status, logs, reset

Servers are installed once, into DARKROOM_STACK_DIR (by default $XDG_CACHE_HOME/darkroom or ~/.cache/darkroom).
Data is kept in DARKROOM_DATA_DIR (by default .darkroom in the checkout).`

const texts = {
  demo: `npm run demo [-- options]

Installs what is missing, starts the servers, the API, the workers and the edge, then runs the main job: users who
follow each other upload real photos through the API. It shows what happened, with times and links.
Stays up until Ctrl-C, then stops everything it started.

  --once   exit after the job; the exit code is not 0 if any part failed`,

  'demo:celebrity': `npm run demo:celebrity [-- options]

Starts everything as the demo does; then a celebrity with 200,000 followers posts two photos while followers read their
feeds. Shows live when readers see each photo, how the push catches up, and the link to its workflow in the Web UI.
The followers are written directly into Postgres, and some feed heads into Redis; the rest goes through the API.
Each run adds 200,000 accounts to the demo's data: npm run stack -- reset deletes it.

  --once   exit after the second photo; the exit code is not 0 if any part failed`,

  start: `npm start

Installs what is missing and starts the servers, the API, the workers and the edge, without demo data.
Stays up until Ctrl-C. Settings come from the environment and from .env (see .env.example). A server that they place
elsewhere (DATABASE_URL, REDIS_URL, S3_ENDPOINT, OPENSEARCH_URL, TEMPORAL_ADDRESS, CDN_BASE_URL) is not started.

  DARKROOM_INSTANCE   name of the set of servers and their data (default: demo)`,

  dev: `npm run dev

Starts the servers in the background unless they are up, then the API and the workers under Node's watch mode: each
restarts when a file that it imports changes. Their logs continue in this terminal.
Ctrl-C stops API and workers; the servers stay up for the next time (stop them with npm run stack -- down).

  DARKROOM_INSTANCE   name of the set of servers and their data (default: demo)`,

  graph: `npm run graph [-- --check]

Draws the graph of modules and layers into docs/modules.md, from the imports that dependency-cruiser finds.

  --check   write nothing; fail when the file is out of date`,

  test: `npm test [-- <arguments for vitest>]

Starts its own servers on free ports, sets them up, runs vitest, and removes everything again. Can run beside a demo.
  npm test -- test/unit/foo     only these files
  npm test -- -t "a block"      only tests whose name matches

  DARKROOM_TEST_INSTANCE=<folder>   use the servers of this running instance instead (npm run stack -- up)
  DARKROOM_TEST_MINUTES=<n>         give up after this many minutes (default: 30)`,

  bench: `npm run bench -- [names...] [options]

Measures on throwaway servers and prints our figure, the reference, ratio and goal; see docs/benchmarks.md.
Names: images, upload, fanout, fanout-peer, fanout-visible, feed; all by default.

  -r, --rounds <count>     rounds that count, at least 5 (default: 5)
  -f, --followers <count>  followers of the celebrity in the fanout benchmarks
  -q, --quick              small data, few rounds, to try out a benchmark; writes no results`,

  stack: `npm run stack -- <command> [options] [server...]

  up       start the servers in the background    down    stop them; data stays
  status   servers, processes, ports, health       logs    print and follow their logs
  reset    stop them and delete their data         install  install everything, start nothing

  -i, --instance <name>   which set of servers (default: DARKROOM_INSTANCE, or demo)
  servers: postgres, postgres-replica, valkey, seaweedfs, opensearch, temporal, edge`,
}

/** The text to show instead of running anything; undefined when the command should run. */
export function helpFor(command, args) {
  const isFlag = (word) => word === '--help' || word === '-h' || word === 'help'
  if (command === undefined || isFlag(command)) return overview
  if (args.length > 0 && isFlag(args[0]) && texts[command]) return texts[command]
  return undefined
}
