// A table of vectors, looked up by index.
import { noGrad } from '../autograd.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import { empty } from '../generated/functions.ts'
import { tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { type EmbeddingFunctionOptions, embedding } from './functional/embedding.ts'
import { normal_ } from './init.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'
import { boolText, floatText } from './print.ts'

/** Options of {@link Embedding}. */
export type EmbeddingOptions = EmbeddingFunctionOptions

/**
 * Rows of a table: indices (...) of dtype int64 or int32 to (..., embeddingDim). The weight
 * (numEmbeddings, embeddingDim) starts as N(0, 1), the row `paddingIdx` as zeros.
 *
 * @throws ArgumentError when `paddingIdx` is no row.
 */
export class Embedding extends Module {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly options: EmbeddingOptions
  readonly weight: Parameter

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions = {}) {
    super()
    this.numEmbeddings = numEmbeddings
    this.embeddingDim = embeddingDim
    this.options = { ...options, paddingIdx: rowOf(options.paddingIdx, numEmbeddings) }
    this.weight = new Parameter(empty([numEmbeddings, embeddingDim]))
    const { paddingIdx } = this.options
    normal_(this.weight)
    if (paddingIdx !== undefined)
      noGrad(() => tidy(() => void this.weight.select(0, paddingIdx).zero_()))
  }

  /**
   * A layer with a copy of `embeddings` (rows, D) for its table.
   *
   * @param options `freeze`: do not train the table, default true; the others are Embedding's
   * @throws ShapeError unless `embeddings` has two dimensions.
   */
  static fromPretrained(
    embeddings: Tensor,
    options: EmbeddingOptions & { freeze?: boolean } = {},
  ): Embedding {
    const { freeze = true, ...rest } = options
    const { shape } = embeddings
    if (shape.length !== 2)
      throw new ShapeError(
        `Expected (rows, D) for \`embeddings\` but received [${shape.join(', ')}].`,
      )
    const layer = new Embedding(shape[0], shape[1], rest)
    noGrad(() => layer.weight.copy_(embeddings))
    layer.weight.requiresGrad_(!freeze)
    return layer
  }

  override forward(indices: Tensor): Tensor {
    return embedding(indices, this.weight, this.options)
  }

  override extraRepr(): string {
    const { paddingIdx, maxNorm, normType = 2, scaleGradByFreq = false } = this.options
    return [
      `${this.numEmbeddings}, ${this.embeddingDim}`,
      ...(paddingIdx === undefined ? [] : [`padding_idx=${paddingIdx}`]),
      ...(maxNorm === undefined ? [] : [`max_norm=${floatText(maxNorm)}`]),
      ...(normType === 2 ? [] : [`norm_type=${floatText(normType)}`]),
      ...(scaleGradByFreq ? [`scale_grad_by_freq=${boolText(true)}`] : []),
    ].join(', ')
  }
}

function rowOf(row: number | undefined, rows: number): number | undefined {
  if (row === undefined) return undefined
  if (row < -rows || row >= rows)
    throw new ArgumentError(`Expected a row of the ${rows} for \`paddingIdx\` but received ${row}.`)
  return row < 0 ? rows + row : row
}
