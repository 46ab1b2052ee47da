import { listenForInterrupt } from './interrupt.ts'
import { stopInstance } from './instance.ts'
import { defaultInstance, instanceDir } from './instance/layout.ts'
import { startService } from './serve.ts'

const instance = defaultInstance()
const report = (line: string) => console.log(line)
const interrupt = listenForInterrupt(() => {
  report('stopping at once')
  void stopInstance(instanceDir(instance), 'fast').finally(() => process.exit(130))
})

try {
  const service = await startService({ instance, report, signal: interrupt.signal })
  const { api, docs, temporal, edge } = service.urls
  report(`\nAPI           ${api}/v1\nAPI docs      ${docs}\nTemporal UI   ${temporal}\nImages (edge) ${edge}`)
  report(
    `Settings      ${service.instance.layout.env}\nLogs          ${service.instance.layout.logs}\n\nCtrl-C stops it.`,
  )
  // Nothing else keeps this process alive: a signal handler does not.
  const alive = setInterval(() => undefined, 60_000)
  await interrupt.requested
  clearInterval(alive)
  await service.stop()
  process.exit(0)
} catch (error) {
  if (interrupt.signal.aborted) process.exit(await interrupt.requested)
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
