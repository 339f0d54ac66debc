// Everything that is known of an activation's gain, whether it is named, written as an expression or
// given as a module: what `normfree gain` prints.
import { ArgumentError, cat, from, type nn, noGrad, Tensor, tidy } from '@normfree/torch'
import { ACTIVATIONS, isActivationName } from '../activations.ts'
import { type ActivationMoments, GAMMA, withGain } from '../gain.ts'
import { parseExpression } from './expression.ts'
import { type MonteCarloGain, monteCarloGain, normalVectors } from './monte-carlo.ts'
import { gaussianMoments, type Sample } from './quadrature.ts'
import { turningPoint } from './turning-point.ts'

/** An activation and its gain. */
export interface ActivationGain {
  /** Its name, its expression, or what the module was called. */
  activation: string
  /** 1 / sqrt(Var f(z)), z ~ N(0, 1), to 1e-9; null where one output mixes several inputs. */
  gain: number | null
  /** The constant that published weights were trained with; null where there is none. */
  published: number | null
  /** E f(z); null with `gain`. */
  mean: number | null
  /** Var f(z); null with `gain`. */
  variance: number | null
  /** The papers' estimate of `gain`, {@link MONTE_CARLO_BIAS} too large on average. */
  monteCarlo: MonteCarloGain
  /**
   * Whether the function never rises and falls again; where it does, deep nets may be less stable
   * (deepmind-research nfnets). Null where one output mixes several inputs.
   */
  monotonic: boolean | null
  /** Near which x it first turns; null where it does not. */
  turnsAt: number | null
}

/** One of the two forms of an activation is enough. */
interface Forms {
  /** At many numbers; null where one output mixes several inputs. */
  sample: Sample | null
  /** On a float64 tensor. */
  module: (x: Tensor) => Tensor
}

/**
 * The gain of a named activation or of an expression in x (see {@link parseExpression}). The
 * Monte-Carlo estimate draws from the default random stream.
 *
 * @throws ArgumentError where its variance is 0 or not finite; ExpressionError for what is neither.
 * @example activationGain('x * sigmoid(1.702 * x)').gain // 1.709358589891...
 */
export function activationGain(activation: string): ActivationGain {
  if (isActivationName(activation)) {
    const { scalar, module } = ACTIVATIONS[activation]
    const sample: Sample | null = scalar && (xs => xs.map(scalar))
    return gainOf(activation, GAMMA[activation], { sample, module: module() })
  }
  const f = parseExpression(activation)
  const module = (x: Tensor) => from((x.data() as Float64Array).map(f), x.shape)
  return gainOf(activation, null, { sample: xs => xs.map(f), module })
}

/**
 * The gain of a module that is an activation, in evaluation mode. Whether it mixes its inputs, as a
 * softmax does, is found out by trial.
 *
 * @param name what to call it
 * @param module takes tensors of any shape; it is moved to float64
 * @throws ArgumentError where its variance is 0 or not finite, and where it returns another shape than
 *   it is given.
 */
export function moduleGain(name: string, module: nn.Module): ActivationGain {
  module.eval().to({ dtype: 'float64' })
  const apply = (x: Tensor): Tensor => sameShape(name, x, module(x))
  const sample: Sample = xs =>
    noGrad(() => tidy(() => apply(from(Float64Array.from(xs), [xs.length, 1])).data())) as Float64Array
  return gainOf(name, null, { sample: mixes(apply) ? null : sample, module: apply })
}

function gainOf(activation: string, published: number | null, forms: Forms): ActivationGain {
  const { sample, module } = forms
  const moments = sample && momentsBy(activation, sample)
  const turnsAt = sample && turningPoint(sample)
  const monteCarlo = monteCarloGain(module)
  if (!Number.isFinite(monteCarlo.gain)) throw refusal(activation, 'has none')
  const { gain = null, mean = null, variance = null } = moments ?? {}
  const monotonic = sample && turnsAt === null
  return { activation, gain, published, mean, variance, monteCarlo, monotonic, turnsAt }
}

function momentsBy(activation: string, sample: Sample): ActivationMoments {
  let moments: ActivationMoments
  try {
    moments = withGain(gaussianMoments(sample))
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error
    throw new ArgumentError(`${activation}: ${error.message}`)
  }
  if (moments.variance === 0) throw 
  return moments
}
