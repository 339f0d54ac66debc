// Layers that do not keep unit variance, in nets that are built to: activation and kernel are judged
// apart, each by its own numbers, so that no data is needed and no fault hides behind another.
import { ScaledStdConv2d } from '../../layers/scaled-std-conv.ts'
import {
  digits,
  distinct,
  type Fix,
  type Found,
  placeOf,
  type Rule,
  type Subject,
} from '../finding.ts'
import { layerName } from '../graph.ts'
import { gainWanted, type Layer } from '../layers.ts'

/** Published gains are up to 0.3 % off in variance. */
const GAIN_TOLERANCE = 0.05
/** timm's eps takes up to 5 % of the variance of a wide kernel. */
const ENERGY_TOLERANCE = 0.15
/** Squared mean over variance that one layer may make. */
const SHIFT_TOLERANCE = 0.05
/** Up to here a kernel that is not centred is one drawn at the right scale. */
const DRAWN_ENERGY = 1.5

const off = (ratio: number): number => Math.abs(Math.log(ratio))

/** Squared channel mean over channel variance behind the layer, from the activation's mean alone. */
function shiftOf({ node, activation, centred }: Layer): number {
  if (!activation || centred) return 0
  const { mean, variance } = activation.step.moments
  return ((node.step.kernel.squaredSum / node.step.kernel.energy) * mean ** 2) / variance
}

const shifts = (layer: Layer): boolean =>
  shiftOf(layer) > SHIFT_TOLERANCE && off(layer.energy) < Math.log(DRAWN_ENERGY)

const amplifies = (layer: Layer): boolean =>
  !shifts(layer) && off(layer.energy) > ENERGY_TOLERANCE && layer.energy > 1

const attenuates = (layer: Layer): boolean =>
  !shifts(layer) && off(layer.energy) > ENERGY_TOLERANCE && layer.energy < 1

/** What an entry is multiplied by is its beta's too, unless the module tells them apart. */
const misgained = (layer: Layer): boolean =>
  !layer.converted &&
  !(layer.entry && layer.beta === null) &&
  2 * off(gainOf(layer) / gainWanted(layer)) > GAIN_TOLERANCE

const gainOf = ({ factor, gamma }: Layer): number => factor * gamma

/** One finding of all layers that `test` picks; `describe` words the one that is off most. */
function finding(
  { layers, keepsUnitVariance }: Subject,
  test: (layer: Layer) => boolean,
  describe: (layers: readonly Layer[]) => Omit<Found, 'severity' | 'block' | 'blocks'>,
): Found[] {
  // What had no norm in a net that was converted is as it was, and no part of its plan.
  const converted = layers.filter(layer => layer.converted)
  const planned = converted.length > 0 ? converted : layers
  const found = keepsUnitVariance ? planned.filter(layer => layer.activation && test(layer)) : []
  if (found.length === 0) return []
  const blocks = distinct(found.map(placeOf))
  return [{ severity: 'fault', block: blocks[0], blocks, ...describe(found) }]
}

const worst = (layers: readonly Layer[], ratio: (layer: Layer) => number): Layer =>
  layers.reduce((most, each) => (off(ratio(each)) > off(ratio(most)) ? each : most))

const among = (layers: readonly Layer[]): string =>
  layers.length === 1 ? '' : ` (in ${layers.length} layers, this one is off most)`

const standardized = (layers: readonly Layer[]): Fix[] =>
  layers.map(({ module }) => ({
    target: 'model',
    module,
    property: 'weight',
    value: 'standardize',
  }))

export const meanShift: Rule = {
  title: 'kernels that turn the mean of an activation into a mean shift',
  source: 'NF-ResNets, section 4.1',
  examine: subject =>
    finding(subject, shifts, layers => {
      const layer = worst(layers, shiftOf)
      return {
        rule: 'mean-shift',
        evidence: `behind ${layerName(layer.node)}${among(layers)} the squared channel mean is ${digits(shiftOf(layer))} times the channel variance, and 0 is expected`,
        cause: `the kernel's units do not sum to 0, and ${layer.activation?.operator} has a mean of ${digits(layer.activation?.step.moments.mean ?? 0)}`,
        change: 'standardize the kernels: ScaledStdConv2d, or standardizeWeights_ after every step',
        fixes: standardized(layers),
      }
    }),
}

/** eps of the standardization at its default; a kernel that is kept in shape from outside, in shape. */
function kernelFixes(subject: Subject, layers: readonly Layer[]): Fix[] {
  return layers.flatMap((layer): Fix[] => {
    const conv = subject.model.getSubmodule(layer.module)
    if (!(conv instanceof ScaledStdConv2d) || conv.decoupled) return standardized([layer])
    const value = conv.convention === 'deepmind' ? 1e-4 : 1e-5
    return [{ target: 'model', module: layer.module, property: 'eps', value }]
  })
}

function energyFinding(subject: Subject, layers: readonly Layer[]) {
  const layer = worst(layers, each => each.energy)
  const conv = subject.model.getSubmodule(layer.module)
  const byEps = conv instanceof ScaledStdConv2d && !conv.decoupled
  return {
    evidence: `the kernel of ${layerName(layer.node)}${among(layers)} lets ${digits(layer.energy)} times the variance through, and 1 is expected`,
    cause: byEps
      ? `eps ${conv.eps} of its standardization is not small beside the variance of its weights`
      : 'its units do not have a sum of squares of 1',
    change: byEps
      ? 'take the default eps'
      : 'standardize the kernel: ScaledStdConv2d, or standardizeWeights_ after every step',
    fixes: kernelFixes(subject, layers),
  }
}

export const kernelScale: Rule = {
  title: 'kernels that multiply the variance',
  source: 'NF-ResNets, section 4.2',
  examine: subject => [
    ...finding(subject, amplifies, layers => ({
      rule: 'explosion',
      ...energyFinding(subject, layers),
    })),
    ...finding(subject, attenuates, layers => ({
      rule: 'attenuation',
      ...energyFinding(subject, layers),
    })),
  ],
}

/** On the convolution where that carries the gain, on the activation otherwise. */
function gainFixes(subject: Subject, layers: readonly Layer[]): Fix[] {
  const fixes = layers.flatMap((layer): Fix[] => {
    const wanted = gainWanted(layer)
    const conv = subject.model.getSubmodule(layer.module)
    if (conv instanceof ScaledStdConv2d && conv.gamma !== 1)
      return [fixGamma(layer.module, wanted / layer.factor)]
    const scaled = layer.activation?.step.scaled
    return scaled ? [fixGamma(scaled.name, wanted / layer.gamma)] : []
  })
  return [...new Map(fixes.map(fix => [fix.module, fix])).values()]
}

const fixGamma = (module: string, value: number): Fix => ({
  target: 'model',
  module,
  property: 'gamma',
  value: Number(value.toPrecision(12)),
})

export const wrongGain: Rule = {
  title: 'gains that do not belong to the activation',
  source: 'NF-ResNets, section 4.3',
  examine: subject =>
    finding(subject, misgained, layers => {
      const layer = worst(layers, each => gainOf(each) / gainWanted(each))
      const [found, wanted] = [gainOf(layer), gainWanted(layer)]
      const { operator, step } = layer.activation as NonNullable<Layer['activation']>
      const he = step.moments.mean ** 2 + step.moments.variance
      const isHe = off(found * Math.sqrt(he)) < 0.01
      return {
        rule: 'wrong-gain',
        evidence: `${operator} in front of ${layerName(layer.node)}${among(layers)} is multiplied by ${digits(found)}: variance 1 becomes ${digits((found / wanted) ** 2)}`,
        cause: isHe
          ? `${digits(found)} is the gain that keeps the mean square (He); with standardized kernels it is the variance that counts`
          : `the gain of ${operator} for unit variance is ${digits(wanted)}`,
        change: `use a gain of ${wanted.toPrecision(5)}`,
        fixes: gainFixes(subject, layers),
      }
    }),
}
