// Multi-head attention.
import { ArgumentError, ShapeError } from '../errors.ts'
import { cat, dropout, empty, linear, pad, zeros } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { attentionWeights, scaledDotProductAttention } from './functional/attention.ts'
import { xavierNormal_, xavierUniform_, zeros_ } from './init.ts'
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
  /** Learn a key and a value that stand behind those given, masked for none. Default false. */
  addBiasKv?: boolean
  /** A key and a value of zeros stand behind all others, masked for none. Default false. */
  addZeroAttn?: boolean
  /** Inputs and output are (N, L, E) in place of (L, N, E). Default false. */
  batchFirst?: boolean
}

/** Options of one call of a {@link MultiheadAttention}; N samples, S keys given, L queries. */
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
  readonly addZeroAttn: boolean
  /** The three input projections in one where their inputs are of one size, else null. */
  readonly inProjWeight: Parameter | null
  readonly qProjWeight: Parameter | null
  readonly kProjWeight: Parameter | null
  readonly vProjWeight: Parameter | null
  readonly inProjBias: Parameter | null
  /** (1, 1, embedDim), null without addBiasKv; so biasV. */
  readonly biasK: Parameter | null
  readonly biasV: Parameter | null
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
    this.addZeroAttn = options.addZeroAttn ?? false
    this.qProjWeight = projection(embedDim, !joint)
    this.kProjWeight = projection(kdim, !joint)
    this.vProjWeight = projection(vdim, !joint)
    this.inProjWeight = joint ? new Parameter(empty([3 * embedDim, embedDim])) : null
    this.inProjBias = bias ? new Parameter(zeros([3 * embedDim])) : null
    this.biasK = options.addBiasKv ? new Parameter(empty([1, 1, embedDim])) : null
    this.biasV = options.addBiasKv ? new Parameter(empty([1, 1, embedDim])) : null
    this.outProj = new Linear(embedDim, embedDim, { bias })
    for (const weight of [this.inProjWeight, this.qProjWeight, this.kProjWeight, this.vProjWeight])
      if (weight) xavierUniform_(weight)
    if (this.outProj.bias) zeros_(this.outProj.bias)
    for (const row of [this.biasK, this.biasV]) if (row) xavierNormal_(row)
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

  /** Query, key and value as (N, numHeads, length, embedDim / numHeads), with what is added to them. */
  #project(inputs: Tensor[]): Tensor[] {
    const joint = this.inProjWeight?.chunk(3, 0)
    const weights = joint ?? [this.qProjWeight, this.kProjWeight, this.vProjWeight]
    const biases = this.inProjBias?.chunk(3, 0)
    const [q, k, v] = inputs.map((x, i) => linear(x, weights[i] as Tensor, biases?.[i] ?? null))
    return [q, this.#extended(k, this.biasK), this.#extended(v, this.biasV)].map(x =>
      x.unflatten(-1, [this.numHeads, this.embedDim / this.numHeads]).transpose(1, 2),
    )
  }

  /** Keys or values (N, S, embedDim), and behind them the rows that the options add. */
  #extended(x: Tensor, bias: Parameter | null): Tensor {
    const zero = this.addZeroAttn ? x.newZeros([1, 1, this.embedDim]) : null
    const rows = [bias, zero].filter(row => row !== null)
    return rows.length === 0 ? x : cat([x, ...rows.map(row => row.expand([x.shape[0], 1, -1]))], 1)
  }

  #merge(heads: Tensor): Tensor {
    return this.outProj(heads.transpose(1, 2).flatten(2, 3))
  }

  /** Both masks as one that is added to the scores (N, numHeads, L, S); null for none. */
  #mask(query: Tensor, key: Tensor, options: MultiheadAttentionCall): Tensor | null {
    const [samples, heads, queries] = query.shape
    const keys = key.shape[2]
    const rows = Number(this.biasK !== null) + Number(this.addZeroAttn)
    const attention = options.attnMask && added(options.attnMask, query, rows)
    const padding = options.keyPaddingMask && added(options.keyPaddingMask, query, rows)
    const byQuery =
      attention &&
      (attention.dim === 3 ? attention.reshape([samples, heads, queries, keys]) : attention)
    const byKey = padding?.reshape([samples, 1, 1, keys])
    return byQuery && byKey ? byQuery.add(byKey) : (byQuery ?? byKey ?? null)
  }
}

/** `mask` as it is added to scores, a bool one as -infinity where true; free for the last `rows`. */
function added(mask: Tensor, like: Tensor, rows: number): Tensor {
  const { dtype, device } = like
  const sum =
    mask.dtype === 'bool'
      ? zeros(mask.shape, { dtype, device }).maskedFill(mask, Number.NEGATIVE_INFINITY)
      : mask
  return rows === 0 ? sum : pad(sum, [0, rows])
}
