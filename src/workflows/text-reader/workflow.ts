import { continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import { NOTHING_READ, type TextTally } from '../../contracts/text-reader.ts'
import { steps } from './steps.ts'

/** Reads what is owed, slice by slice. It may miss what comes to be owed at its very end: the poll then starts it again. */
export async function textReader(before: TextTally = NOTHING_READ): Promise<TextTally> {
  let tally = before
  for (;;) {
    const { read, unreadable, more } = await steps.read()
    tally = { read: tally.read + read, unreadable: tally.unreadable + unreadable }
    setCurrentDetails(`Read ${tally.read} photos; ${tally.unreadable} could not be read`)
    if (!more) return tally
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof textReader>(tally)
  }
}
