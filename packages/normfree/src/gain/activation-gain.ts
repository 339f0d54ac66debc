// Everything that is known of an activation's gain, whether it is named, written as an expression or
// given as a module: what `normfree gain` prints.
import { ArgumentError, from, type nn, noGrad, ShapeError, Tensor, tidy } from '@normfree/torch'
import { ACTIVATIONS, isActivationName } from '../activations.ts'
import { GAMMA } from '../gain.ts'
import { parseExpression } from './expression.ts'
import { type MonteCarloGain, monteCarloGain, normalVectors } from './monte-carlo.ts'
import { gaussianMoments, type Moments, type Sample } from './quadrature.ts'
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
    return describe(activation, sample, module(), GAMMA[activation])
  }
  const f = parseExpression(activation)
  const onTensor = (x: Tensor) => from((x.data() as Float64Array).map(f), x.shape)
  return describe(activation, xs => xs.map(f), onTensor)
}

/**
 * The gain of a module that is an activation, in evaluation mode. Whether it mixes its inputs, as a
 * softmax does, is found by trial.
 *
 * @param name what to call it
 * @param module takes tensors of two dimensions; it is moved to float64
 * @throws ArgumentError where its variance is 0 or not finite, and where it returns another shape than
 *   it was given.
 */
export function moduleGain(name: string, module: nn.Module): ActivationGain {
  module.eval().to({ dtype: 'float64' })
  const onTensor = (x: Tensor): Tensor => checkedShape(name, x, module(x))
  const sample: Sample = xs => noGrad(() => tidy(() => numbersOf(onTensor(column(xs)))))
  return describe(name, mixesInputs(onTensor) ? null : sample, onTensor)
}

/** `sample` is null where one output mixes several inputs. */
function describe(
  activation: string,
  sample: Sample | null,
  onTensor: (x: Tensor) => Tensor,
  published: number | null = null,
): ActivationGain {
  const moments = sample && momentsBy(activation, sample)
  const monteCarlo = monteCarloGain(onTensor)
  if (!(monteCarlo.gain > 0 && monteCarlo.gain < Number.POSITIVE_INFINITY))
    throw refusal(activation, 'a constant, or one that is not finite')
  const turnsAt = sample && turningPoint(sample)
  const monotonic = sample && turnsAt === null
  const { mean = null, variance = null } = moments ?? {}
  const gain = variance && 1 / Math.sqrt(variance)
  return { activation, gain, published, mean, variance, monteCarlo, monotonic, turnsAt }
}

function momentsBy(activation: string, sample: Sample): Moments {
  try {
    const moments = gaussianMoments(sample)
    if (moments.variance > 0) return moments
  } catch (error) {
    if (error instanceof ArgumentError) error.message = `${activation}: ${error.message}`
    throw error
  }
  throw refusal(activation, 'a constant')
}

const refusal = (activation: string, received: string) =>
  new ArgumentError(
    `${activation}: Expected an activation of finite, positive variance for x ~ N(0, 1) but received ${received}.`,
  )

const column = (xs: Float64Array): Tensor => from(Float64Array.from(xs), [xs.length, 1])

/** A copy, which outlives the tensor. */
const numbersOf = (x: Tensor): Float64Array => Float64Array.from(x.data() as Float64Array)

function checkedShape(name: string, x: Tensor, y: unknown): Tensor {
  const shape = y instanceof Tensor ? `[${y.shape.join(', ')}]` : 'no tensor'
  if (!(y instanceof Tensor) || shape !== `[${x.shape.join(', ')}]`)
    throw new ShapeError(
      `${name}: Expected an activation that returns the shape it was given but it made ${shape} of [${x.shape.join(', ')}].`,
    )
  return y
}

/** Whether the first half of every vector, and of the batch, comes out differently in other company. */
function mixesInputs(onTensor: (x: Tensor) => Tensor): boolean {
  return noGrad(() =>
    tidy(() => {
      const x = normalVectors()
      const other = normalVectors()
      const [rows, columns] = x.shape.map(size => size / 2)
      const corner = (y: Tensor) => y.slice(0, 0, rows).slice(1, 0, columns)
      const mixed = other.clone()
      corner(mixed).copy_(corner(x))
      return !corner(onTensor(x)).allclose(corner(onTensor(mixed)), 1e-9, 1e-12)
    }),
  )
}
