import { expect, it } from 'vitest'
import { openConfusion } from './confusion.ts'

it('counts verdicts by label, and those that are as labelled', () => {
  const confusion = openConfusion()
  confusion.count('allow', 'allow')
  confusion.count('allow', 'limit')
  confusion.count('quarantine', 'quarantine')
  confusion.count('quarantine', 'unreadable')
  expect(confusion.table()).toBe(
    [
      'label       allow  limit  quarantine  unreadable  files',
      'allow           1      1           0           0      2',
      'quarantine      0      0           1           1      2',
      '2 of 4 as labelled',
    ].join('\n'),
  )
})

it('judges nothing by labels that are no verdicts', () => {
  const confusion = openConfusion()
  confusion.count('beach', 'limit')
  expect(confusion.table().split('\n')).toHaveLength(2)
})
