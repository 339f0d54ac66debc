import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as colour from './colour.ts'
import * as geometry from './geometry.ts'
import type { Pixels } from './pixels.ts'
import { type Interpolation, resizeBox } from './resample.ts'

interface Case {
  op: string
  args: (number | string | number[])[]
  pixels: string
}

const golden = JSON.parse(
  readFileSync(new URL('../../../goldens/pillow.json', import.meta.url), 'utf8'),
) as { height: number; width: number; fill: number[]; image: string; cases: Case[] }

const bytes = (text: string): number[] => [...Buffer.from(text, 'base64')]

function source(): Pixels {
  const { height, width, image } = golden
  return { data: Uint8ClampedArray.from(bytes(image)), height, width }
}

type InPlace = (image: Pixels, ...args: number[]) => void
type Move = (image: Pixels, amount: number, style: geometry.MoveStyle) => Pixels

const CHANGES: Record<string, InPlace> = { ...colour }
const MOVES: Record<string, Move> = { ...geometry }

function apply({ op, args }: Case): Pixels {
  const image = source()
  if (op === 'resizeBox') {
    const [[left, top, right, bottom], [width, height], interpolation] = args as unknown as [
      [number, number, number, number],
      [number, number],
      Interpolation,
    ]
    const box = { top, left, height: bottom - top, width: right - left }
    return resizeBox(image, box, { height, width }, interpolation)
  }
  const move = MOVES[op]
  if (move) {
    const [amount, interpolation] = args as [number, geometry.MoveStyle['interpolation']]
    return move(image, amount, { interpolation, fill: golden.fill })
  }
  CHANGES[op]!(image, ...(args as number[]))
  return image
}

describe('operations that Pillow defines', () => {
  it.each(golden.cases.map(one => [one.op, JSON.stringify(one.args), one] as const))(
    '%s %s gives the bytes of Pillow',
    (_op, _args, one) => {
      expect([...apply(one).data]).toEqual(bytes(one.pixels))
    },
  )

  it('leaves the image as it is at the neutral setting of every enhancement', () => {
    for (const enhance of [
      colour.brightness,
      colour.contrast,
      colour.saturation,
      colour.sharpness,
    ]) {
      const image = source()
      enhance(image, 1)
      expect(image.data).toEqual(source().data)
    }
  })
})
