// Models as ONNX files, for runtimes that know nothing of this package.
import { rmSync } from 'node:fs'
import { basename } from 'node:path'
import { ArgumentError, full, type nn, replaceFile, type Tensor, tidy } from '@normfree/torch'
import type { Graph } from './graph.ts'
import { INPUT, lower, OUTPUT } from './lower.ts'
import { mergeTraces } from './merge.ts'
import { encodeModel, type Initializer, type ValueInfo } from './proto.ts'
import { type Size, type Trace, traceForward, type Value, Varying } from './trace.ts'

/**
 * Version of ONNX's operators that files ask for: the newest that runtimes of the last years share
 * (ONNX 1.12, onnxruntime 1.12). Later ones add nothing that these models need.
 */
export const ONNX_OPSET = 17
/** Version of the file format that goes with it. */
const IR_VERSION = 8

/** A protobuf message ends below this many bytes; the rest leaves room for the graph. */
const MOST_WEIGHTS = 2 ** 31 - 2 ** 24

/** Options of {@link exportOnnx}. */
export interface OnnxExportOptions {
  /**
   * Let images of other sizes in than the example's. Refused for models whose operators depend on
   * the size (SAME padding, for one). Default false: only the batch may vary.
   */
  dynamicSize?: boolean
  /** Weights in a file beside: `path` and `.data`. Default: where they would exceed 2 GB. */
  externalData?: boolean
}

/** What was written. */
export interface OnnxFile {
  /** `path`, and the file of the weights where there is one. */
  files: string[]
  nodes: number
  opset: number
}

/**
 * Writes `model` in evaluation mode to `path`, as a graph of opset ONNX_OPSET with one `input` and
 * one `output`, whose batch dimension is `N`. What depends on weights alone is computed here:
 * standardized kernels, say, are stored as plain ones. The model stays as it is.
 *
 * The graph is traced from two passes, over `exampleInput` and over one more sample, which show what
 * follows the size of the input; values of `exampleInput` do not matter.
 *
 * @param exampleInput (N, C, ...), float32 or float64 as the model; N >= 1
 * @throws OnnxExportError naming the operator and the module that cannot be written;
 * ArgumentError when `path` does not end in `.onnx`.
 * @example exportOnnx(model, zeros([1, 3, 224, 224]), 'model.onnx')
 */
export function exportOnnx(
  model: nn.Module,
  exampleInput: Tensor,
  path: string,
  options: OnnxExportOptions = {},
): OnnxFile {
  if (!path.endsWith('.onnx'))
    throw new ArgumentError(
      `Expected a file name that ends in .onnx for \`path\` but received ${JSON.stringify(path)}.`,
    )
  const trace = traceTwice(model, exampleInput, options.dynamicSize ?? false)
  const graph = lower(trace)
  const weights = graph.initializers.reduce((sum, { rawData }) => sum + (rawData?.length ?? 0), 0)
  const external = options.externalData ?? weights > MOST_WEIGHTS
  const files = external ? [path, `${path}.data`] : [path]
  if (external) graph.initializers = writeExternal(files[1], graph, path)
  const bytes = encodeModel(modelOf(graph, trace, model.constructor.name))
  replaceFile(path, append => append(bytes))
  return { files, nodes: graph.nodes.length, opset: ONNX_OPSET }
}

function traceTwice(model: nn.Module, input: Tensor, dynamicSize: boolean): Trace {
  const [batch, channels, ...sides] = input.shape
  if (channels === undefined || batch === 0)
    throw new ArgumentError(
      `Expected at least one sample (N, C, ...) for \`exampleInput\` but received [${input.shape.join(', ')}].`,
    )
  // Sizes that tell the sides apart and divide by nothing, so that padding to a multiple shows.
  const others = sides.map((side, i) => (dynamicSize ? side + 37 + 4 * i : side))
  const { dtype, device } = input
  return tidy(() => {
    const trace = traceForward(model, input)
    const other = full([batch + 1, channels, ...others], 0.37, { dtype, device })
    mergeTraces(trace, traceForward(model, other))
    return trace
  })
}

/**
 * The large initializers as references into the file `path`, which gets their bytes and is whole before
 * the graph is written. An older `graphFile` goes away just before, so that whatever happens in between
 * no graph is ever read with another's weights.
 */
function writeExternal(path: string, { initializers }: Graph, graphFile: string): Initializer[] {
  let offset = 0
  const referring: Initializer[] = []
  replaceFile(path, append => {
    for (const initializer of initializers) {
      const { rawData, ...rest } = initializer
      if (!rawData || rawData.length < SMALL) {
        referring.push(initializer)
        continue
      }
      const externalData = Object.entries({
        location: basename(path),
        offset,
        length: rawData.length,
      }).map(([key, value]) => ({ key, value: `${value}` }))
      referring.push({ ...rest, externalData, dataLocation: 1 })
      append(rawData)
      const rest64 = -rawData.length & (ALIGNMENT - 1)
      append(new Uint8Array(rest64))
      offset += rawData.length + rest64
    }
    rmSync(graphFile, { force: true })
  })
  return referring
}

/** Bytes below which a tensor stays in the graph: shapes and numbers, which runtimes want to see. */
const SMALL = 1024
const ALIGNMENT = 64

const modelOf = (graph: Graph, { input, output }: Trace, name: string) => ({
  irVersion: IR_VERSION,
  producerName: 'normfree',
  opsetImport: [{ domain: '', version: ONNX_OPSET }],
  graph: {
    name,
    node: graph.nodes,
    initializer: graph.initializers,
    input: [infoOf(graph, INPUT, input, input)],
    output: [infoOf(graph, OUTPUT, output, input)],
  },
  metadataProps: [],
})

const AXES = ['N', 'C', 'H', 'W']

/** Sizes that follow one of the input's bear its name; others that vary bear none. */
function infoOf(graph: Graph, name: string, value: Value, input: Value): ValueInfo {
  const dim = value.shape.map((size: Size) => {
    if (!(size instanceof Varying)) return { dimValue: size }
    const axis = input.shape.findIndex(each => size.equals(each))
    return axis < 0 ? {} : { dimParam: AXES[axis] ?? `D${axis}` }
  })
  return { name, type: { tensorType: { elemType: graph.dataType(value.dtype), shape: { dim } } } }
}
