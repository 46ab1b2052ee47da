/** A rectangle at any angle, in pixels. */
export interface Box {
  x: number
  y: number
  /** Of its width, from the horizontal: from -45 to 45 degrees, in radians. */
  angle: number
  width: number
  height: number
}

interface Point {
  x: number
  y: number
}

/** How likely each pixel belongs to text. */
export interface TextMap {
  width: number
  height: number
  likelihood: Float32Array
}

/** As the network's authors have it: a pixel is text from here on, and a box whose pixels are so on average. */
const TEXT_PIXEL = 0.3
const TEXT_BOX = 0.6
/** The network marks the core of a line; the line itself is larger by so much of the core's area over its outline. */
const GROWTH = 1.5
const MIN_SIDE = 3
/** More of them is a pattern, or a page of print too small to read. */
const MAX_BOXES = 300

/** The lines of text on the map, in the order in which they are met from top to bottom. */
export function textBoxes(map: TextMap): Box[] {
  const boxes: Box[] = []
  const isSeen = new Uint8Array(map.likelihood.length)
  for (let at = 0; at < isSeen.length && boxes.length < MAX_BOXES; at++) {
    if (isSeen[at] || map.likelihood[at]! < TEXT_PIXEL) continue
    const { edge, mean } = patchAt(map, at, isSeen)
    const core = smallestBoxAround(hullOf(edge))
    if (mean >= TEXT_BOX && Math.min(core.width, core.height) >= MIN_SIDE) boxes.push(grown(core))
  }
  return boxes
}

/** The pixels that hang together with one: the outermost of each row, and how likely all are text on average. */
function patchAt({ width, likelihood }: TextMap, start: number, isSeen: Uint8Array) {
  const rows = new Map<number, [left: number, right: number]>()
  const open = [start]
  isSeen[start] = 1
  let sum = 0
  let pixels = 0
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const x = at % width
    const y = (at - x) / width
    const row = rows.get(y)
    if (row === undefined) rows.set(y, [x, x])
    else if (x < row[0]) row[0] = x
    else if (x > row[1]) row[1] = x
    sum += likelihood[at]!
    pixels++
    const neighbours = [at - width, at + width, x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1]
    for (const next of neighbours) {
      // Outside the map, the likelihood is undefined, and so not text.
      if (!(likelihood[next]! >= TEXT_PIXEL) || isSeen[next]) continue
      isSeen[next] = 1
      open.push(next)
    }
  }
  // Corners and not centres of pixels, so that a row has a height.
  const edge = [...rows].flatMap(([y, [left, right]]) =>
    [y, y + 1].flatMap((at) => [
      { x: left, y: at },
      { x: right + 1, y: at },
    ]),
  )
  return { edge, mean: sum / pixels }
}

/** The convex hull, by Andrew's monotone chain. */
function hullOf(points: Point[]): Point[] {
  const sorted = points.sort((one, other) => one.x - other.x || one.y - other.y)
  return [...halfHull(sorted), ...halfHull(sorted.reverse())]
}

function halfHull(sorted: readonly Point[]): Point[] {
  const hull: Point[] = []
  for (const point of sorted) {
    while (hull.length >= 2 && turn(hull.at(-2)!, hull.at(-1)!, point) <= 0) hull.pop()
    hull.push(point)
  }
  return hull.slice(0, -1)
}

const turn = (a: Point, b: Point, c: Point): number => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)

/** One side of the smallest rectangle around a hull lies on a side of the hull. */
function smallestBoxAround(hull: readonly Point[]): Box {
  let smallest: Box | undefined
  for (const [at, from] of hull.entries()) {
    const to = hull[(at + 1) % hull.length]!
    const box = boxAround(hull, Math.atan2(to.y - from.y, to.x - from.x))
    if (!smallest || box.width * box.height < smallest.width * smallest.height) smallest = box
  }
  return smallest!
}

function boxAround(hull: readonly Point[], direction: number): Box {
  const quarters = Math.round(direction / (Math.PI / 2))
  const angle = direction - (quarters * Math.PI) / 2
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const along = hull.map(({ x, y }) => x * cos + y * sin)
  const across = hull.map(({ x, y }) => y * cos - x * sin)
  const [left, right, top, bottom] = [
    Math.min(...along),
    Math.max(...along),
    Math.min(...across),
    Math.max(...across),
  ]
  const [u, v] = [(left + right) / 2, (top + bottom) / 2]
  return { x: u * cos - v * sin, y: u * sin + v * cos, angle, width: right - left, height: bottom - top }
}

function grown({ width, height, ...rest }: Box): Box {
  const by = (width * height * GROWTH) / (2 * (width + height))
  return { ...rest, width: width + 2 * by, height: height + 2 * by }
}
