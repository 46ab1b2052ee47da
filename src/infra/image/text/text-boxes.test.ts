import { describe, expect, it } from 'vitest'
import { linesOfBoxes } from './lines-of-boxes.ts'
import { textBoxes, type Box } from './text-boxes.ts'

const WIDTH = 200
const HEIGHT = 120

/** A map on which what `covers` says is text. */
function mapOf(covers: (x: number, y: number) => number) {
  const likelihood = Float32Array.from({ length: WIDTH * HEIGHT }, (_, at) =>
    covers(at % WIDTH, Math.floor(at / WIDTH)),
  )
  return { width: WIDTH, height: HEIGHT, likelihood }
}

/** Pixels within a rectangle of 100 × 10 around the middle, turned by an angle. */
const turned = (angle: number) => (x: number, y: number) => {
  const [dx, dy] = [x + 0.5 - WIDTH / 2, y + 0.5 - HEIGHT / 2]
  const along = dx * Math.cos(angle) + dy * Math.sin(angle)
  const across = dy * Math.cos(angle) - dx * Math.sin(angle)
  return Math.abs(along) <= 50 && Math.abs(across) <= 5 ? 0.9 : 0
}

describe('boxes of text', () => {
  it.each([0, 0.3, -0.6])('are found at an angle of %d', (angle) => {
    const [box, ...others] = textBoxes(mapOf(turned(angle)))
    expect(others).toEqual([])
    expect(Math.abs(box!.angle - angle)).toBeLessThan(0.02)
    expect([box!.x, box!.y].map(Math.round)).toEqual([WIDTH / 2, HEIGHT / 2])
    // Grown by 1.5 × area / outline on each side.
    expect(Math.abs(box!.width - 113.6)).toBeLessThan(4)
    expect(Math.abs(box!.height - 23.6)).toBeLessThan(4)
  })

  it('lack what is too small or too unlikely', () => {
    expect(textBoxes(mapOf((x, y) => (x < 100 && y < 2 ? 0.9 : 0)))).toEqual([])
    expect(textBoxes(mapOf((x, y) => (x < 100 && y < 20 ? 0.4 : 0)))).toEqual([])
  })

  it('reach from edge to edge, and no further', () => {
    const [box] = textBoxes(mapOf(() => 1))
    expect([box!.x, box!.y]).toEqual([WIDTH / 2, HEIGHT / 2])
  })

  it('are no more than a page has lines', () => {
    expect(textBoxes(mapOf((x, y) => (x % 5 < 4 && y % 5 < 4 ? 0.9 : 0)))).toHaveLength(300)
  })
})

describe('lines of boxes', () => {
  it('go from left to right, then from top to bottom', () => {
    const box = (x: number, y: number): Box => ({ x, y, angle: 0, width: 40, height: 20 })
    const read = [
      { box: box(50, 90), text: 'last' },
      { box: box(150, 13), text: 'right' },
      { box: box(50, 18), text: 'left' },
    ]
    expect(linesOfBoxes(read)).toBe('left right\nlast')
  })
})
