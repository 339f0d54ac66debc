// Multi-head attention.
import { ArgumentError, ShapeError } from '../errors.ts'
import { dropout, empty, linear, zeros } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { attentionWeights, scaledDotProductAttention } from './functional/attention.ts'
import { xavierUniform_, zeros_ } from './init.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

/** How a {@link MultiheadAttention} is built. */
export interface MultiheadAttentionOptions {
  /** Probability to drop an attention weight in training. Default 0. */
  dropout?: number
  /** Biases of all four projections. Default true. */
  bias?: boolean
  /** Features of the keys. Default embedDim. */
  kdim?: number
  /** Features of the values. Default embedDim. */
  vdim?: number
  /** Inputs and output are (N, L, E) in place of (L, N, E). Default false. */
  batchFirst?: boolean
}

/** Options of one call of a {@link MultiheadAttention}; N samples, S keys, L queries. */
export interface MultiheadAttentionCall {
  /** (N, S), or (S) without a batch; bool: true where a key is ignored. Or added to the scores. */
  keyPaddingMask?: Tensor | null
  /** Return the attention weights, which takes the slower path. Default true. */
  needWeights?: boolean
  /** (L, S) or (N numHeads, L, S); bool: true where a query may not look. Or added to the scores. */
  attnMask?: Tensor | null
  /** Return the mean over the heads, (N, L, S), in place of (N, numHeads, L, S). Default true. */
  averageAttnWeights?: boolean
}

/**
 * Attention of query (L, N, embedDim) to key (S, N, kdim) and value (S, N, vdim) in numHeads
 * subspaces (Vaswani et al., 2017): [output (L, N, embedDim), weights or null]. Inputs without N are
 * one sample. Bool masks mean the contrary of scaledDotProductAttention's, as in PyTorch.
 *
 * @throws ArgumentError unless numHeads divides embedDim; ShapeError for inputs of other dimensions.
 */
export class MultiheadAttention extends Module<
  [query: Tensor, key: Tensor, value: Tensor, options?: MultiheadAttentionCall],
  [Tensor, Tensor | null]
> {
  readonly embedDim: number
  readonly numHeads: number
  readonly dropout: number
  readonly batchFirst: boolean
  /** The three input projections in one where their inputs are of one size, else null. */
  readonly inProjWeight: Parameter | null
  readonly qProjWeight: Parameter | null
  readonly kProjWeight: Parameter | null
  readonly vProjWeight: Parameter | null
  readonly inProjBias: Parameter | null
  readonly outProj: Linear

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super()
    if (embedDim % numHeads !== 0)
      throw new ArgumentError(
        `Expected a number that divides \`embedDim\` ${embedDim} for \`numHeads\` but received ${numHeads}.`,
      )
    const { kdim = embedDim, vdim = embedDim, bias = true } = options
    const joint = kdim === embedDim && vdim === embedDim
    const projection = (inputs: number, apart: boolean) =>
      apart ? new Parameter(empty([embedDim, inputs])) : null
    this.embedDim = embedDim
    this.numHeads = numHeads
    this.dropout = options.dropout ?? 0
    this.batchFirst = options.batchFirst ?? false
    this.qProjWeight = projection(embedDim, !joint)
    this.kProjWeight = projection(kdim, !joint)
    this.vProjWeight = projection(vdim, !joint)
    this.inProjWeight = joint ? new Parameter(empty([3 * embedDim, embedDim])) : null
    this.inProjBias = bias ? new Parameter(zeros([3 * embedDim])) : null
    this.outProj = new Linear(embedDim, embedDim, { bias })
    for (const weight of [this.inProjWeight, this.qProjWeight, this.kProjWeight, this.vProjWeight])
      if (weight) xavierUniform_(weight)
    if (this.outProj.bias) zeros_(this.outProj.bias)
  }

  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: MultiheadAttentionCall = {},
  ): [Tensor, Tensor | null] {
    const batched = query.dim === 3
    if (![2, 3].includes(query.dim) || key.dim !== query.dim || value.dim !== query.dim)
      throw new ShapeError(
        `Expected a query, key and value of three dimensions, or of two without a batch, but received [${query.shape}], [${key.shape}] and [${value.shape}].`,
      )
    const inward = (x: Tensor) =>
      !batched ? x.unsqueeze(0) : this.batchFirst ? x : x.transpose(0, 1)
    const [output, weights] = this.#attend([query, key, value].map(inward), options)
    if (!batched) return [output.squeeze(0), weights?.squeeze(0) ?? null]
    return [this.batchFirst ? output : output.transpose(0, 1), weights]
  }

  /** On (N, L, E), (N, S, kdim) and (N, S, vdim). */
  #attend(inputs: Tensor[], options: MultiheadAttentionCall): [Tensor, Tensor | null] {
    const { needWeights = true, averageAttnWeights = true } = options
    const [q, k, v] = this.#project(inputs)
    const attnMask = this.#mask(q, k, options)
    const dropoutP = this.training ? this.dropout : 0
    if (!needWeights) {
      const heads = scaledDotProductAttention(q, k, v, { attnMask, dropoutP })
      return [this.#merge(heads), null]
    }
    const weights = attentionWeights(q, k, { attnMask })
    const kept = dropoutP > 0 ? dropout(weights, dropoutP, true) : weights
    return [this.#merge(kept.matmul(v)), averageAttnWeights ? kept.mean(1) : kept]
  }

  /** Query, key and value as (N, numHeads, length, embedDim / numHeads). */
  #project(inputs: Tensor[]): Tensor[] {
    const joint = this.inProjWeight?.chunk(3, 0)
    const weights = joint ?? [this.qProjWeight, this.kProjWeight, this.vProjWeight]
    const biases = this.inProjBias?.chunk(3, 0)
    return inputs.map((x, i) =>
      linear(x, weights[i] as Tensor, biases?.[i] ?? null)
        .unflatten(-1, [this.numHeads, this.embedDim / this.numHeads])
        .transpose(1, 2),
    )
  }

  #merge(heads: Tensor): Tensor {
    return this.outProj(heads.transpose(1, 2).flatten(2, 3))
  }

  /** Both masks as one that is added to the scores (N, numHeads, L, S); null for none. */
  #mask(query: Tensor, key: Tensor, options: MultiheadAttentionCall): Tensor | null {
    const [samples, heads, queries] = query.shape
    const keys = key.shape[2]
    const attention = options.attnMask && added(options.attnMask, query)
    const padding = options.keyPaddingMask && added(options.keyPaddingMask, query)
    const byQuery =
      attention &&
      (attention.dim === 3 ? attention.reshape([samples, heads, queries, keys]) : attention)
    const byKey = padding?.reshape([samples, 1, 1, keys])
    return byQuery && byKey ? byQuery.add(byKey) : (byQuery ?? byKey ?? null)
  }
}

/** A bool mask as zeros, and -infinity where it is true. */
const added = (mask: Tensor, like: Tensor): Tensor =>
  mask.dtype === 'bool'
    ? zeros(mask.shape, { dtype: like.dtype, device: like.device }).maskedFill(
        mask,
        Number.NEGATIVE_INFINITY,
      )
    : mask
