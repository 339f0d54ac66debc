// From a traced pass to a graph: each call of an operator is written by its row of the tables.
import { inModule } from '../module-path.ts'
import { OnnxExportError } from './errors.ts'
import { Graph, type Operand } from './graph.ts'
import { ACTIVATION } from './operators/activation.ts'
import { ARITHMETIC } from './operators/arithmetic.ts'
import { LAYER } from './operators/layer.ts'
import { type Rows, Unmapped } from './operators/row.ts'
import { SHAPE } from './operators/shape.ts'
import { type Argument, Constant, type Step, type Trace, Value, Varying } from './trace.ts'

const ROWS: Rows = { ...ACTIVATION, ...ARITHMETIC, ...LAYER, ...SHAPE }

/** What can be written, as `add.Tensor`. */
export const OPERATORS: readonly string[] = Object.keys(ROWS)

/** Those that may be given numbers which follow the size of the input. */
const RESHAPES = new Set(['view', 'reshape'])

/** Names of the graph's input and output. */
export const INPUT = 'input'
export const OUTPUT = 'output'

/** @throws OnnxExportError naming the first operator, and its module, that no row can write. */
export function lower(trace: Trace): Graph {
  const { input, output } = trace
  const graph = new Graph()
  const operands = new Map<Value, Operand>()
  const define = (value: Value, name: string) => {
    operands.set(value, { name, dtype: value.dtype, shape: value.shape })
  }
  define(input, graph.uniqueName(INPUT))
  graph.uniqueName(OUTPUT)
  for (const step of reaching(trace)) {
    graph.module = step.module
    const names = lowerStep(graph, step, operands)
    for (const [i, value] of step.outputs.entries()) define(value, names[i])
  }
  rename(graph, (operands.get(output) as Operand).name)
  graph.dropUnused()
  return graph
}

/** The steps whose outputs the trace's output is made of; others were only looked at. */
function reaching({ output, steps }: Trace): Step[] {
  const needed = new Set<Argument>([output])
  const found = steps.toReversed().filter(({ outputs, args }) => {
    const reaches = outputs.some(value => needed.has(value))
    if (reaches) for (const arg of args.flat(3)) needed.add(arg)
    return reaches
  })
  return found.reverse()
}

function lowerStep(graph: Graph, step: Step, operands: ReadonlyMap<Value, Operand>): string[] {
  const { operator, args } = step
  const row = Object.hasOwn(ROWS, operator) ? ROWS[operator] : undefined
  if (!row) throw unmapped(step, 'which has no row in its tables')
  if (!RESHAPES.has(operator) && args.flat(3).some(arg => arg instanceof Varying))
    throw unmapped(step, 'with numbers that are others for another input')
  const resolve = (arg: Argument): unknown => {
    if (arg instanceof Value) return operands.get(arg)
    if (arg instanceof Constant) return graph.constant(arg)
    return Array.isArray(arg) ? arg.map(resolve) : arg
  }
  try {
    return [row(graph, ...(args.map(resolve) as never[]))].flat()
  } catch (error) {
    if (error instanceof Unmapped) throw unmapped(step, `with ${error.message}`)
    throw error
  }
}

const unmapped = ({ operator, module }: Step, reason: string) =>
  new OnnxExportError(
    `Expected operators that ONNX export knows but received ${operator}${inModule(module)}, ${reason}.`,
  )

/** Calls what the last node put out OUTPUT; what no node made is passed on by one. */
function rename(graph: Graph, last: string): void {
  const maker = graph.nodes.find(({ output }) => output.includes(last))
  if (!maker) {
    graph.nodes.push({
      input: [last],
      output: [OUTPUT],
      name: OUTPUT,
      opType: 'Identity',
      attribute: [],
    })
    return
  }
  const renamed = (name: string) => (name === last ? OUTPUT : name)
  for (const node of graph.nodes) {
    node.input = node.input.map(renamed)
    node.output = node.output.map(renamed)
  }
}
