import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Rng } from '../rng.ts'
import { drawBox } from './crop.ts'
import { drawErased, erase, type RandomErasing } from './erase.ts'
import { type ColorJitter, colorJitter } from './jitter.ts'
import { drawBatch, drawOne, mixInto, type TimmMix } from './mix.ts'
import { type Box, blank } from './pixels.ts'
import {
  type DeepMindRandAugment,
  drawOperations,
  randAugment,
  type TimmRandAugment,
} from './rand-augment.ts'

const side = fc.integer({ min: 1, max: 300 })
const seed = fc.nat()

const isInside = (box: Box, height: number, width: number): boolean =>
  [box.top, box.left].every(at => Number.isInteger(at) && at >= 0) &&
  box.top + box.height <= height &&
  box.left + box.width <= width

describe('drawBox', () => {
  const crop = { area: [0.08, 1], aspect: [3 / 4, 4 / 3] }

  it('never leaves the image, nor is empty', () => {
    fc.assert(
      fc.property(side, side, seed, (height, width, key) => {
        const box = drawBox(crop, height, width, new Rng(key))
        return isInside(box, height, width) && box.height > 0 && box.width > 0
      }),
    )
  })

  it('keeps area and aspect within their bounds, up to whole pixels', () => {
    for (let key = 0; key < 500; key++) {
      const { height, width } = drawBox(crop, 400, 500, new Rng(key))
      expect((height * width) / 200_000).toBeGreaterThan(0.078)
      expect(width / height).toBeGreaterThan(0.74)
      expect(width / height).toBeLessThan(1.35)
    }
  })

  it('takes the largest middle window when none fits', () => {
    expect(drawBox({ area: [1, 1], aspect: [1, 1] }, 10, 31, new Rng(0))).toEqual({
      ...{ top: 0, left: 10, height: 10, width: 10 },
    })
  })
})

describe('RandAugment', () => {
  const deepmind: DeepMindRandAugment = {
    ...{ kind: 'deepmind', layers: 4, magnitude: 5, afterMix: true },
  }
  const timm: TimmRandAugment = {
    ...{ kind: 'timm', layers: 2, magnitude: 9, magnitudeStd: 0.5 },
    ...{ increasing: true, probability: 0.5 },
  }
  const SIZE = { height: 224, width: 200 }

  function amounts(settings: DeepMindRandAugment | TimmRandAugment): Map<string, number[]> {
    const all = new Map<string, number[]>()
    for (let key = 0; key < 1500; key++)
      for (const { name, amount } of drawOperations(settings, SIZE, new Rng(key)))
        all.set(name, [...(all.get(name) ?? []), amount])
    return all
  }

  it('of DeepMind always applies its layers, of sixteen operations equally often', () => {
    const all = amounts(deepmind)
    expect(all.size).toBe(16)
    for (const drawn of all.values()) expect(Math.abs(drawn.length - 375)).toBeLessThan(90)
  })

  it('of DeepMind has one amount for a magnitude, with a random sign for moves', () => {
    const all = amounts(deepmind)
    const values = (name: string) => [...new Set(all.get(name))].sort((a, b) => a - b)
    expect(values('Rotate')).toEqual([-15, 15])
    expect(values('ShearX')).toEqual([-0.15, 0.15])
    expect(values('TranslateY')).toEqual([-50, 50])
    expect(values('Posterize')).toEqual([2])
    expect(values('Solarize')).toEqual([128])
    expect(values('SolarizeAdd')).toEqual([55])
    expect(values('Contrast')).toEqual([1])
    expect(values('Cutout')).toEqual([20])
  })

  it('of DeepMind leaves out solarizing at magnitude 15, whose threshold no byte reaches', () => {
    const image = blank(4, 4)
    image.data.fill(255)
    for (let key = 0; key < 300; key++) {
      const [operation] = drawOperations(
        { ...deepmind, layers: 1, magnitude: 15 },
        image,
        new Rng(key),
      )
      if (operation!.name !== 'Solarize') continue
      expect(operation!.amount).toBe(384)
      return
    }
    expect.unreachable()
  })

  it('of timm applies fifteen operations, each drawn one with probability one half', () => {
    const all = amounts(timm)
    expect([...all.keys()].sort()).not.toContain('Cutout')
    expect(all.size).toBe(15)
    const applied = [...all.values()].reduce((sum, drawn) => sum + drawn.length, 0)
    expect(Math.abs(applied - 1500)).toBeLessThan(100)
  })

  it.each([
    ['increasing', true],
    ['not increasing', false],
  ])('of timm, %s, keeps every amount in the bounds of magnitudes 0 to 10', (_, increasing) => {
    const wide = { ...timm, magnitudeStd: 20, probability: 1, increasing }
    const bounds: Record<string, [number, number]> = {
      ...{ Rotate: [-30, 30], ShearX: [-0.3, 0.3], ShearY: [-0.3, 0.3] },
      ...{ TranslateX: [-90, 90], TranslateY: [-100.8, 100.8] },
      ...{ Posterize: increasing ? [0, 4] : [4, 8], Solarize: [0, 256], SolarizeAdd: [0, 110] },
      ...{ Color: [0.1, 1.9], Contrast: [0.1, 1.9], Brightness: [0.1, 1.9], Sharpness: [0.1, 1.9] },
    }
    for (const [name, drawn] of amounts(wide)) {
      const [low, high] = bounds[name] ?? [0, 0]
      expect(Math.min(...drawn), name).toBeGreaterThanOrEqual(low - 1e-9)
      expect(Math.max(...drawn), name).toBeLessThanOrEqual(high + 1e-9)
    }
  })

  it('gives an image of the same size for any magnitude', () => {
    const magnitude = fc.double({ min: 0, max: 30, noNaN: true })
    fc.assert(
      fc.property(magnitude, fc.boolean(), seed, (level, isTimm, key) => {
        const image = blank(9, 7)
        image.data.forEach((_, i) => {
          image.data[i] = i
        })
        const settings = { ...(isTimm ? timm : deepmind), magnitude: level, layers: 6 }
        const out = randAugment(image, settings, new Rng(key))
        return out.height === 9 && out.width === 7 && out.data.length === 9 * 7 * 3
      }),
    )
  })
})

describe('colorJitter', () => {
  it('changes nothing at zero, and brightness alone within its bounds', () => {
    const jitter: ColorJitter = { brightness: 0, contrast: 0, saturation: 0, hue: 0 }
    for (let key = 0; key < 50; key++) {
      const image = blank(2, 2)
      image.data.fill(100)
      colorJitter(image, jitter, new Rng(key))
      expect([...image.data]).toEqual(Array(12).fill(100))
      colorJitter(image, { ...jitter, brightness: 0.4 }, new Rng(key))
      expect(image.data[0]).toBeGreaterThanOrEqual(60)
      expect(image.data[0]).toBeLessThanOrEqual(140)
    }
  })
})

describe('random erasing', () => {
  const settings: RandomErasing = {
    ...{ probability: 1, area: [0.02, 1 / 3], aspect: 0.3, mode: 'const', count: 1 },
  }

  it('never leaves the image', () => {
    fc.assert(
      fc.property(side, side, seed, (height, width, key) => {
        const box = drawErased(settings, height, width, new Rng(key))
        return box === null || isInside(box, height, width)
      }),
    )
  })

  it.each([
    ['const', 1],
    ['rand', 3],
  ] as const)('of mode %s fills one box with %i values', (mode, kinds) => {
    const image = new Float32Array(32 * 32 * 3).fill(9)
    erase(image, { ...settings, mode }, 32, 32, new Rng(3))
    const changed = image.filter(value => value !== 9)
    expect(changed.length / image.length).toBeGreaterThan(0.01)
    expect(changed.length / image.length).toBeLessThan(0.36)
    expect(new Set(changed).size).toBe(kinds)
  })

  it('of mode pixel fills with normal numbers', () => {
    const image = new Float32Array(64 * 64 * 3).fill(9)
    erase(image, { ...settings, mode: 'pixel', area: [0.3, 0.33] }, 64, 64, new Rng(3))
    const changed = image.filter(value => value !== 9)
    const square = changed.reduce((sum, x) => sum + x * x, 0) / changed.length
    expect(Math.abs(square - 1)).toBeLessThan(0.1)
  })

  it('spares images with the probability that is left', () => {
    let erased = 0
    for (let key = 0; key < 1000; key++) {
      const image = new Float32Array(8 * 8 * 3).fill(9)
      erase(image, { ...settings, probability: 0.25 }, 8, 8, new Rng(key))
      erased += Number(image.some(value => value !== 9))
    }
    expect(Math.abs(erased - 250)).toBeLessThan(60)
  })
})

describe('mixing', () => {
  const timm: TimmMix = {
    ...{ kind: 'timm', mixup: 0.8, cutmix: 1, probability: 1, switchProbability: 0.5 },
  }
  const method = fc.constantFrom('mixup', 'cutmix', 'mixup_cutmix')

  it('draws windows inside the image, whose label share is that of the pixels shown', () => {
    fc.assert(
      fc.property(side, side, seed, method, (height, width, key, by) => {
        const rng = new Rng(key)
        const draws = [
          drawOne(
            { kind: 'deepmind', method: by, alpha: 0.2 },
            { at: 1, size: 2 },
            height,
            width,
            rng,
          ),
          drawBatch(timm, height, width, rng),
        ]
        return draws.every(({ weight, box, inside }) => {
          if (!box) return weight >= 0 && weight <= 1
          const share = (box.height * box.width) / (height * width)
          const shown = inside === 'first' ? share : 1 - share
          return isInside(box, height, width) && Math.abs(shown - weight) < 1e-12
        })
      }),
    )
  })

  it('of DeepMind gives the first half of the batch to MixUp and the second to CutMix', () => {
    const draws = Array.from({ length: 6 }, (_, at) =>
      drawOne(
        { kind: 'deepmind', method: 'mixup_cutmix', alpha: 0.2 },
        { at, size: 6 },
        ...([8, 8, new Rng(at)] as const),
      ),
    )
    expect(draws.map(({ box }) => box === null)).toEqual([true, true, true, false, false, false])
  })

  it('of timm leaves batches alone with the probability that is left, and switches', () => {
    const counts = { unmixed: 0, mixup: 0, cutmix: 0 }
    for (let key = 0; key < 2000; key++) {
      const { box, weight } = drawBatch({ ...timm, probability: 0.5 }, 16, 16, new Rng(key))
      counts[box ? 'cutmix' : weight === 1 ? 'unmixed' : 'mixup'] += 1
    }
    expect(Math.abs(counts.unmixed - 1000)).toBeLessThan(100)
    expect(Math.abs(counts.mixup - 500)).toBeLessThan(80)
  })

  it('blends by the weight, and cuts exactly the window', () => {
    const first = new Float32Array(4 * 4 * 3).fill(1)
    const partner = new Float32Array(4 * 4 * 3).fill(5)
    const out = new Float32Array(4 * 4 * 3)
    mixInto(out, first, partner, { weight: 0.25, box: null, inside: 'first' }, 4)
    expect(new Set(out)).toEqual(new Set([4]))
    const box = { top: 1, left: 2, height: 2, width: 1 }
    mixInto(out, first, partner, { weight: 0, box, inside: 'first' }, 4)
    const shown = [...out].flatMap((value, i) => (value === 1 && i % 3 === 0 ? [i / 3] : []))
    expect(shown).toEqual([6, 10])
    mixInto(first, first, partner, { weight: 0, box, inside: 'partner' }, 4)
    expect([...first].flatMap((value, i) => (value === 5 && i % 3 === 0 ? [i / 3] : []))).toEqual([
      6, 10,
    ])
  })
})
