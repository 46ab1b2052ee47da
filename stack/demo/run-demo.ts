import { listenForInterrupt } from '../interrupt.ts'
import { stopInstance } from '../instance.ts'
import { instanceDir } from '../instance/layout.ts'
import { startService, type Service } from '../serve.ts'

export interface Demo {
  /** Exit after `show`, instead of staying up until Ctrl-C. */
  once: boolean
  /** What API and workers are started with beside the settings of the instance. */
  settings?: Record<string, string>
  /** Shows the demo; a failure sets the exit code. Ctrl-C aborts the signal. */
  show(service: Service, signal: AbortSignal): Promise<void>
}

/** Starts the service, shows a demo, stays up until Ctrl-C, then stops everything and ends the process. */
export async function runDemo(demo: Demo): Promise<never> {
  const instance = process.env.DARKROOM_INSTANCE || 'demo'
  const report = (line: string) => console.log(line)
  const interrupt = listenForInterrupt(() => {
    report('stopping at once')
    void stopInstance(instanceDir(instance), 'fast').finally(() => process.exit(130))
  })

  let service: Service | undefined
  let code = 0
  try {
    service = await startService({
      instance,
      report,
      signal: interrupt.signal,
      ...(demo.settings ? { settings: demo.settings } : {}),
    })
    const done = await Promise.race([demo.show(service, interrupt.signal), interrupt.requested])
    if (typeof done === 'number') code = done
    else if (!demo.once) {
      report(`  API docs    ${service.urls.docs}\n  Temporal UI ${service.urls.temporal}\n\nCtrl-C stops it.`)
      // Nothing else keeps this process alive: a signal handler does not.
      const alive = setInterval(() => undefined, 60_000)
      await interrupt.requested
      clearInterval(alive)
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
}
