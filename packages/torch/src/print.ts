// Tensors as text, by PyTorch's rules (torch/_tensor_str.py): four digits, one format for all
// elements, scientific where magnitudes differ by more than 1000, ends only beyond 1000 elements.
import { callOperator } from './call.ts'
import { isFloatingPoint } from './dtype.ts'
import { type Format, formatOf } from './print-number.ts'
import type { Tensor } from './tensor.ts'
import type { DType } from './types.ts'

const LINE_WIDTH = 80
const THRESHOLD = 1000
/** Elements shown at each end of a dimension that is cut. */
const EDGE = 3
const PREFIX = 'tensor('

/** `tensor([1., 2.])` with the suffixes for dtype, device and gradient; in a scope of the caller's. */
export function tensorText(x: Tensor): string {
  const { shape, dtype } = x
  const suffixes: string[] = []
  if (x.device !== 'cpu') suffixes.push(`device='${x.device}'`)
  const empty = shape.includes(0)
  if (empty && shape.length !== 1) suffixes.push(`size=(${shape.join(', ')})`)
  const usual: DType[] = empty ? ['float32'] : ['float32', 'complex64', 'int64', 'bool']
  if (!usual.includes(dtype)) suffixes.push(`dtype=torch.${dtype}`)
  if (x.gradFn !== null) suffixes.push(`grad_fn=<${x.gradFn}>`)
  else if (x.requiresGrad) suffixes.push('requires_grad=True')
  return withSuffixes(PREFIX + (empty ? '[]' : elementsText(x)), suffixes)
}

function withSuffixes(text: string, suffixes: readonly string[]): string {
  let result = text
  let lineLength = text.length - text.lastIndexOf('\n') + 1
  for (const suffix of suffixes) {
    const breaks = lineLength + suffix.length + 2 > LINE_WIDTH
    result += breaks ? `,\n${' '.repeat(PREFIX.length)}${suffix}` : `, ${suffix}`
    lineLength = breaks ? PREFIX.length + suffix.length : lineLength + suffix.length + 2
  }
  return `${result})`
}

interface Shown {
  /** Of what is shown: cut dimensions have twice EDGE. */
  shape: readonly number[]
  cut: readonly boolean[]
  /** Width of one element, for filling lines. */
  width: number
  element: (index: number) => string
}

function elementsText(x: Tensor): string {
  const { shape } = x
  const summarized = x.numel > THRESHOLD
  const cut = shape.map(size => summarized && size > 2 * EDGE)
  const shown = cut.reduce((kept, isCut, dim) => (isCut ? ends(kept, dim) : kept), x.detach())
  return block({ shape: shown.shape, cut, ...elementsOf(shown) }, 0, 0, PREFIX.length)
}

const ends = (x: Tensor, dim: number): Tensor => {
  const parts = [x.narrow(dim, 0, EDGE), x.narrow(dim, x.shape[dim] - EDGE, EDGE)]
  return callOperator('aten::cat', '', parts, dim) as Tensor
}

function elementsOf(x: Tensor): { width: number; element: (index: number) => string } {
  const { dtype } = x
  const values = x.data() as ArrayLike<number | bigint>
  if (dtype.startsWith('complex')) return complexElements(values as ArrayLike<number>)
  const format = isFloatingPoint(dtype)
    ? formatOf(Array.from(values, Number))
    : wholeFormat(values, dtype)
  return { width: format.width, element: index => padded(format, values[index]) }
}

function wholeFormat(values: ArrayLike<number | bigint>, dtype: DType): Format {
  const text = dtype === 'bool' ? (value: number | bigint) => (value ? 'True' : 'False') : String
  let width = 1
  for (let i = 0; i < values.length; i++) width = Math.max(width, text(values[i]).length)
  return { width, text }
}

function complexElements(pairs: ArrayLike<number>) {
  const all = Array.from(pairs)
  const real = formatOf(all.filter((_, i) => i % 2 === 0))
  const imaginary = formatOf(all.filter((_, i) => i % 2 === 1))
  return {
    width: real.width + imaginary.width + 1,
    element(index: number) {
      const tail = `${padded(imaginary, all[2 * index + 1])}j`.trimStart()
      return `${padded(real, all[2 * index])}${/^[+-]/.test(tail) ? '' : '+'}${tail}`
    },
  }
}

const padded = (format: Format, value: number | bigint) =>
  format.text(value as number).padStart(format.width)

/** Elements from `offset` on, dimension `dim` outermost; `indent` is where its bracket stands. */
function block(shown: Shown, dim: number, offset: number, indent: number): string {
  const { shape, cut, width, element } = shown
  if (dim === shape.length) return element(offset)
  const inner = shape.slice(dim + 1).reduce((product, size) => product * size, 1)
  const isRow = dim === shape.length - 1
  const parts = Array.from({ length: shape[dim] }, (_, i) =>
    block(shown, dim + 1, offset + i * inner, indent + 1),
  )
  if (cut[dim]) parts.splice(EDGE, 0, isRow ? ' ...' : '...')
  const gap = ' '.repeat(indent + 1)
  if (!isRow) return `[${parts.join(`,${'\n'.repeat(shape.length - dim - 1)}${gap}`)}]`
  const perLine = Math.max(1, Math.floor((LINE_WIDTH - indent) / (width + 2)))
  const lines: string[] = []
  for (let i = 0; i < parts.length; i += perLine) lines.push(parts.slice(i, i + perLine).join(', '))
  return `[${lines.join(`,\n${gap}`)}]`
}
