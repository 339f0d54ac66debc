// Figures 4 and 5 of the NF-ResNets paper, drawings of residual blocks: checked on the graph that a
// forward pass makes.
import { nn, noGrad, ops, Tensor, tidy, zeros } from '@normfree/torch'
import { ResNet, ResNetV2, residualBlocks } from 'normfree'
import type { Claim, ClaimRow } from './claim.ts'
import { equals } from './rows.ts'

const PAPER = 'Brock et al., 2021 (arXiv:2101.08692), appendix E'

/** What operators are called in the graph; any other stands for what went in. */
const OPERATORS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/conv/, 'conv'],
  [/batch_norm/, 'norm'],
  [/^relu/, 'relu'],
  [/^add/, 'sum'],
]

/** What `block` makes of x, as an expression: `sum(x, conv(relu(norm(x))))`. */
function expressionOf(block: nn.Module, channels: number): string {
  return noGrad(() =>
    tidy(() => {
      const x = zeros([2, channels, 8, 8])
      const known = new WeakMap<object, string>([[x, 'x']])
      let last = 'x'
      ops.observe(
        (operator, args, result) => {
          const name = OPERATORS.find(([pattern]) => pattern.test(operator))?.[1]
          const inputs = args.flatMap(arg => (arg instanceof Tensor ? (known.get(arg) ?? []) : []))
          const output = Array.isArray(result) ? result[0] : result
          if (!(output instanceof Tensor) || inputs.length === 0) return
          last = name === undefined ? (inputs[0] as string) : `${name}(${inputs.join(', ')})`
          known.set(output, last)
        },
        () => void block(x),
      )
      return last
    }),
  )
}

const blockRow = (
  what: string,
  model: nn.Module,
  at: number,
  channels: number,
  expected: string,
): ClaimRow => {
  const block = residualBlocks(model)[at]?.[1] as unknown as nn.Module
  return equals(what, 'paper', expressionOf(block, channels), expected)
}

/** Nothing is read off the weights. */
const graphOnly = nn.utils.skipInit

const NET = { block: 'bottleneck', layers: [2, 2, 2, 2] } as const

/** norm, relu, conv three times over. */
const preActivated = (x: string): string =>
  [1, 2, 3].reduce(inner => `conv(relu(norm(${inner})))`, x)
const actFirst = (x: string): string => [1, 2, 3].reduce(inner => `conv(norm(relu(${inner})))`, x)

const figure4: Claim = {
  id: 'fig-4',
  title:
    'Pre-activation blocks: norm, activation, convolution; transitions project what is normalized',
  source: `${PAPER}, figure 4`,
  scale: 'seconds',
  run() {
    const standard = graphOnly(() => new ResNetV2(NET))
    const swapped = graphOnly(() => new ResNetV2({ ...NET, order: 'act_norm' }))
    return {
      rows: [
        blockRow('block', standard, 1, 256, `sum(x, ${preActivated('x')})`),
        blockRow('transition', standard, 2, 256, `sum(conv(relu(norm(x))), ${preActivated('x')})`),
        blockRow('block, order swapped', swapped, 1, 256, `sum(x, ${actFirst('x')})`),
        blockRow(
          'transition, order swapped',
          swapped,
          2,
          256,
          `sum(conv(norm(relu(x))), ${actFirst('x')})`,
        ),
      ],
    }
  },
}

const figure5: Claim = {
  id: 'fig-5',
  title:
    'Post-activation blocks: convolution, norm, activation; the last activation behind the sum',
  source: `${PAPER}, figure 5`,
  scale: 'seconds',
  run() {
    const branch = 'norm(conv(relu(norm(conv(relu(norm(conv(x))))))))'
    const model = graphOnly(() => new ResNet(NET))
    return {
      rows: [
        blockRow('block', model, 1, 256, `relu(sum(${branch}, x))`),
        blockRow('transition', model, 2, 256, `relu(sum(${branch}, norm(conv(x))))`),
      ],
    }
  },
}

/** Claims of this file. */
export const blockFigures: readonly Claim[] = [figure4, figure5]
