// `normfree check`: what is wrong with a net, before it is trained. Two passes over noise, one with the
// branches as they are and one with silent branches open, are read as graphs; rules look at these.
import { ArgumentError, Generator, nn, randn } from '@normfree/torch'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import { undisturbed } from '../undisturbed.ts'
import { residualBlocksOf } from './blocks.ts'
import { type CheckOptions, type Finding, findingsOf, type Rule, type Subject } from './finding.ts'
import { isApplicable } from './fixes.ts'
import { signalGraph } from './graph.ts'
import { type Layer, transfer, unitLayers } from './layers.ts'
import { expectedDeviation } from './rules/beta.ts'
import { illConditioned } from './rules/conditioning.ts'
import { convertedGain, convertedUnits } from './rules/converted.ts'
import { deadUnits } from './rules/dead-units.ts'
import { growth } from './rules/growth.ts'
import { nonFinite } from './rules/non-finite.ts'
import { paddingDecay } from './rules/padding.ts'
import { staysSilent } from './rules/silent-branch.ts'
import { unscaledGate } from './rules/squeeze-excite.ts'
import { kernelScale, meanShift, wrongGain } from './rules/unit-variance.ts'
import { withOpened } from './silencers.ts'

/** The rules in the order of their findings. */
const RULES: readonly Rule[] = [
  growth,
  kernelScale,
  meanShift,
  wrongGain,
  convertedGain,
  unscaledGate,
  expectedDeviation,
  deadUnits,
  paddingDecay,
  illConditioned,
  staysSilent,
]

/**
 * Looks for what keeps `model` from training without normalization: each fault told once, as its cause where that is known. Empty when nothing is wrong. The model is as before
 * afterwards, and so is the default random stream.
 *
 * @throws ArgumentError for a `shape` or `batch` that is not of positive integers.
 * @example
 * for (const { block, cause, change } of checkModel(model)) console.log(block, cause, change)
 */
export function checkModel(model: nn.Module, options: CheckOptions = {}): Finding[] {
  const { shape = [3, 224, 224], batch = 2, training = null } = options
  if (![batch, ...shape].every(size => Number.isInteger(size) && size > 0) || shape.length !== 3)
    throw new ArgumentError(
      `Expected positive integers for \`batch\` and the three of \`shape\` but received ${batch} and [${shape.join(', ')}].`,
    )
  const input = randn([batch, ...shape], { generator: new Generator().manualSeed(0) })
  let subject: Subject | undefined
  undisturbed(model, () => {
    subject = { ...look(model, input), model, shape, training }
  })
  input.dispose()
  return examine(subject as Subject).map(finding => ({
    ...finding,
    fixes: finding.fixes.filter(fix => isApplicable(model, fix)),
  }))
}

/** Both passes, in training mode without its randomness. */
function look(model: nn.Module, input: ReturnType<typeof randn>) {
  const inputShape = input.shape.slice(1)
  model.train()
  for (const module of model.modules()) if (isRandom(module)) module.eval()
  const nodes = signalGraph(model, input)
  const blocks = residualBlocksOf(nodes, model.constructor.name)
  const anySilent = blocks.some(({ silent }) => silent)
  return withOpened(model, blocks, () => {
    const openNodes = anySilent ? signalGraph(model, input) : nodes
    const openBlocks = anySilent ? residualBlocksOf(openNodes, model.constructor.name) : blocks
    const layers = unitLayers(model, openNodes, openBlocks)
    const converted = convertedUnits(model, inputShape)
    const keepsUnitVariance = keepsUnit(layers)
    return { nodes, blocks, openNodes, openBlocks, layers, converted, keepsUnitVariance }
  })
}

const isRandom = (module: nn.AnyModule): boolean =>
  module instanceof StochasticDepth ||
  module instanceof nn.Dropout ||
  module instanceof nn.Dropout2d

/** Half of the layers behind activations have standardized kernels, or the gain that they would need. */
function keepsUnit(layers: readonly Layer[]): boolean {
  const behind = layers.filter(({ activation }) => activation)
  const built = behind.filter(layer => layer.centred || Math.abs(Math.log(transfer(layer))) < 0.1)
  return built.length > 0 && 2 * built.length >= behind.length
}

/** An overflow that the growth of the signal explains is told as that growth. */
function examine(subject: Subject): Finding[] {
  const broken = findingsOf(nonFinite, subject)
  if (broken.length > 0) {
    const grown = findingsOf(growth, subject)
    return grown.length > 0 ? grown : broken
  }
  return RULES.flatMap(rule => findingsOf(rule, subject))
}
