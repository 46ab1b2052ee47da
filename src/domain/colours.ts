/** The names of colours that a search can ask for. */
export const COLOURS = [
  'black',
  'grey',
  'white',
  'red',
  'orange',
  'brown',
  'yellow',
  'green',
  'turquoise',
  'blue',
  'purple',
  'pink',
] as const
export type Colour = (typeof COLOURS)[number]

/** Parts of the circle of hues, by the degree at which each ends. */
const HUES: readonly (readonly [end: number, colour: Colour])[] = [
  [15, 'red'],
  [45, 'orange'],
  [70, 'yellow'],
  [165, 'green'],
  [195, 'turquoise'],
  [255, 'blue'],
  [290, 'purple'],
  [345, 'pink'],
  [360, 'red'],
]

/** What most people call a colour. @param red green, blue: 0–255 */
export function colourOf(red: number, green: number, blue: number): Colour {
  const value = Math.max(red, green, blue) / 255
  const chroma = value - Math.min(red, green, blue) / 255
  const saturation = value === 0 ? 0 : chroma / value
  if (value < 0.2) return 'black'
  if (saturation < 0.15) return value > 0.85 ? 'white' : 'grey'
  const hue = hueOf(red / 255, green / 255, blue / 255, chroma)
  let at = 0
  while (at < HUES.length - 1 && hue >= HUES[at]![0]) at++
  const colour = HUES[at]![1]
  // Dark orange is brown, and pale red is pink.
  if (colour === 'orange' && value < 0.65) return 'brown'
  if (colour === 'red' && saturation < 0.5 && value > 0.7) return 'pink'
  return colour
}

/** 0–360 */
function hueOf(red: number, green: number, blue: number, chroma: number): number {
  const largest = Math.max(red, green, blue)
  const sixth =
    largest === red
      ? (green - blue) / chroma
      : largest === green
        ? (blue - red) / chroma + 2
        : (red - green) / chroma + 4
  return (sixth * 60 + 360) % 360
}
