/**
 * The days of the year, as month × 100 + day, on which a date remembers photos: its own, and on the last day of February of a common
 * year also the 29th, which has no other day then.
 * @param date `2026-02-28`
 */
export function daysRemembered(date: string): number[] {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  const key = month * 100 + day
  return key === LAST_OF_FEBRUARY && !isLeapYear(year) ? [key, LEAP_DAY] : [key]
}

const LAST_OF_FEBRUARY = 228
const LEAP_DAY = 229

const isLeapYear = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
