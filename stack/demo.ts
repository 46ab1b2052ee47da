import { parseArgs } from 'node:util'
import { describeMainJob, runMainJob, type MainJobOptions } from './demo/main-job.ts'
import { listenForInterrupt } from './interrupt.ts'
import { stopInstance } from './instance.ts'
import { defaultInstance, instanceDir } from './instance/layout.ts'
import { ensureStack } from './install/install.ts'
import { startService, type Service } from './serve.ts'

const { values: options } = parseArgs({ options: { once: { type: 'boolean', default: false } } })
const instance = defaultInstance()
const report = (line: string) => console.log(line)
const interrupt = listenForInterrupt(() => {
  report('stopping at once')
  void stopInstance(instanceDir(instance), 'fast').finally(() => process.exit(130))
})

let service: Service | undefined
let code = 0
try {
  service = await startService({ instance, report, signal: interrupt.signal })
  const job: MainJobOptions = {
    apiUrl: service.urls.api,
    temporalUiUrl: service.urls.temporal || undefined,
    temporalNamespace: service.env.TEMPORAL_NAMESPACE ?? 'default',
    samplePhotos: (await ensureStack(() => undefined)).samplePhotos,
  }
  const done = await Promise.race([runMainJob(job), interrupt.requested])
  if (typeof done !== 'number') {
    report(describeMainJob(done, job))
    if (!options.once) {
      report(`  API docs    ${service.urls.docs}\n  Temporal UI ${service.urls.temporal}\n\nCtrl-C stops it.`)
      // Nothing else keeps this process alive: a signal handler does not.
      const alive = setInterval(() => undefined, 60_000)
      await interrupt.requested
      clearInterval(alive)
    }
  } else {
    code = done
  }
} catch (error) {
  if (!interrupt.signal.aborted) {
    console.error(error instanceof Error ? error.message : error)
    code = 1
  }
} finally {
  await service?.stop()
}
process.exit(code)
