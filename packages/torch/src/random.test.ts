// Random streams: PyTorch's own numbers (conformance/rng.py), and streams that go on where they were.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tensor } from './create.ts'
import { DisposedError, TorchError } from './errors.ts'
import * as torch from './generated/functions.ts'
import { liveTensors, tidy } from './memory.ts'
import { Dropout } from './nn/index.ts'
import { Generator, getRngState, manualSeed, setRngState } from './random.ts'
import type { Tensor } from './tensor.ts'
import { collectGarbage, expectClose, numbers } from './testing.test.util.ts'

interface Data {
  seeds: Record<string, Record<string, unknown[]>>
  dropout: Record<string, number[]>
  unseeded: Record<string, unknown[]>
}

const data: Data = JSON.parse(
  readFileSync(new URL('../conformance/rng.json', import.meta.url), 'utf8'),
)

/** What conformance/rng.py draws, in its order. */
function draws(generator?: Generator): Record<string, Tensor> {
  const given = { generator }
  return {
    rand: torch.rand([5], given),
    randn: torch.randn([5], given),
    randn20: torch.randn([4, 5], given),
    randn64: torch.randn([3], { dtype: 'float64', ...given }),
    randint: torch.randint(0, 100, [6], given),
    randperm: torch.randperm(12, given),
    bernoulli: torch.bernoulli(torch.full([10], 0.3), given),
    multinomial: torch.multinomial(torch.arange(1, 6), 8, true, given),
    normal_: torch.empty([3]).normal_(2, 3, given),
    uniform_: torch.empty([3]).uniform_(-1, 1, given),
    exponential_: torch.empty([3]).exponential_(2, given),
  }
}

function expectDraws(drawn: Record<string, Tensor>, expected: Record<string, unknown[]>): void {
  expect(Object.keys(drawn)).toEqual(Object.keys(expected))
  for (const [name, values] of Object.entries(expected))
    expectClose(drawn[name], values.flat() as number[], 2e-6)
}

const bits = (drawn: Record<string, Tensor>) => Object.values(drawn).map(numbers)

describe('Generator', () => {
  it.each(Object.entries(data.seeds))('draws PyTorch’s numbers from seed %d', (seed, expected) => {
    expectDraws(draws(new Generator().manualSeed(Number(seed))), expected)
  })

  it('starts from PyTorch’s default seed', () => {
    const generator = new Generator()
    expect(generator.initialSeed()).toBe(67280421310721)
    expectDraws(draws(generator), data.unseeded)
    expect(generator.manualSeed(5).initialSeed()).toBe(5)
  })

  it('goes on bit for bit from a saved state, in another stream too', () => {
    const generator = new Generator().manualSeed(3)
    // An odd count: the second of a pair of normal numbers is part of the state.
    torch.randn([3], { generator })
    const state = tensor(generator.getState().data())
    const expected = bits(draws(generator))
    expect([state.dtype, state.device]).toEqual(['uint8', 'cpu'])
    expect(bits(draws(generator.setState(state)))).toEqual(expected)
    expect(bits(draws(new Generator().setState(state)))).toEqual(expected)
  })

  it('leaves the default stream alone, and others', () => {
    manualSeed(1)
    const expected = numbers(torch.rand([4]))
    manualSeed(1)
    const [first, second] = [new Generator(), new Generator()]
    torch.rand([9], { generator: first })
    expect(numbers(torch.rand([4]))).toEqual(expected)
    torch.rand([4])
    expect(numbers(torch.rand([9], { generator: second }))).toEqual(
      numbers(torch.rand([9], { generator: new Generator() })),
    )
  })

  it('is no tensor, nor is a tensor one', () => {
    const state = getRngState()
    expect(() => torch.rand([2], { generator: state as never })).toThrow(
      /Expected a Generator for `generator` but received a Tensor/,
    )
    expect(() => torch.relu(new Generator() as never)).toThrow(TorchError)
    const before = liveTensors().tensors
    const generators = [new Generator(), new Generator()]
    expect(liveTensors().tensors).toBe(before)
    for (const generator of generators) generator.dispose()
    expect(liveTensors().tensors).toBe(before)
  })

  it('outlives scopes until it is released', () => {
    const generator = tidy(() => ({ generator: new Generator() })).generator
    torch.rand([1], { generator })
    generator.dispose()
    generator.dispose()
    expect(() => torch.rand([1], { generator })).toThrow(DisposedError)
    expect(() => generator.getState()).toThrow(/released by dispose/)
  })

  it('is given back when it is collected', async () => {
    const abandon = () => void new Generator()
    abandon()
    await collectGarbage()
    expect(numbers(torch.rand([1], { generator: new Generator() }))).toHaveLength(1)
  })

  it('refuses seeds and states that are none, and devices that are not there', () => {
    const generator = new Generator()
    expect(() => generator.manualSeed(-1)).toThrow(/`seed` but received -1/)
    expect(() => generator.manualSeed(0.5)).toThrow(/`seed` but received 0\.5/)
    expect(() => generator.setState(tensor([1, 2]))).toThrow(/setState\(Tensor float32\[2\]\)/)
    expect(() => generator.setState(torch.zeros([3], { dtype: 'uint8' }))).toThrow(TorchError)
    expect(() => new Generator('warp' as never)).toThrow(TorchError)
  })
})

describe('the default stream', () => {
  it.each(Object.entries(data.dropout))(
    'drops what PyTorch drops from seed %d',
    (seed, expected) => {
      manualSeed(Number(seed))
      expectClose(new Dropout(0.4)(torch.ones([40])), expected)
    },
  )

  it('goes on bit for bit after a restore', () => {
    manualSeed(11)
    torch.randn([7])
    const state = tensor(getRngState().data())
    const expected = bits({ ...draws(), mask: new Dropout()(torch.ones([50])) })
    manualSeed(99)
    setRngState(state)
    expect(bits({ ...draws(), mask: new Dropout()(torch.ones([50])) })).toEqual(expected)
  })

  it('refuses seeds and states that are none', () => {
    expect(() => manualSeed(Number.NaN)).toThrow(/`seed` but received NaN/)
    expect(() => setRngState(torch.zeros([3], { dtype: 'uint8' }))).toThrow(TorchError)
    expect(() => getRngState('warp' as never)).toThrow(/defaultGenerator\("warp"\)/)
  })
})
