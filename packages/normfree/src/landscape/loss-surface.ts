// The loss around a point of training, along its own gradient: how much it varies, how far the gradient
// there can be trusted, and how smooth that makes the surface (Santurkar et al., "How does batch
// normalization help optimization?", NeurIPS 2018, section 3.1). Of any module and any loss.
import {
  ArgumentError,
  enableGrad,
  getRngState,
  grad,
  type nn,
  noGrad,
  setRngState,
  stack,
  type Tensor,
  tidy,
  zerosLike,
} from '@normfree/torch'
import { undisturbed } from '../undisturbed.ts'

/** What is found at one distance from the point. */
export interface LossSurfacePoint {
  /** The multiple of the gradient that was gone, as a learning rate is. */
  step: number
  loss: number
  /** L2 norm of the difference between the gradient here and at the start. */
  gradientChange: number
  /** gradientChange over the distance gone, step times the norm of the gradient. */
  smoothness: number
}

/** The loss along the gradient. Where it is no number at some step, neither are the extremes. */
export interface LossSurface {
  /** At the start. */
  loss: number
  /** L2 norm of the gradient at the start. */
  gradientNorm: number
  points: LossSurfacePoint[]
  /** Variation of the loss: its smallest and its largest value over the steps. */
  lossRange: [least: number, most: number]
  /** Gradient predictiveness: the largest change of the gradient. The smaller, the longer it holds. */
  gradientChange: number
  /** "Effective" beta-smoothness: the largest change of the gradient over the distance gone. */
  effectiveSmoothness: number
}

/** Where {@link lossSurface} looks. */
export interface LossSurfaceOptions {
  /** Multiples of the gradient to go, each > 0: the learning rate times 1/4 to 4, say. */
  steps: readonly number[]
}

/**
 * Walks from the model's parameters theta to theta - step * g, for each step anew, g being the gradient
 * of `loss` at theta, and measures the loss and its gradient there. Every value is of the same random
 * stream and the same buffers, so that only the step differs. Parameters, their `grad`, buffers, modes
 * and the random stream are afterwards bit for bit as before.
 *
 * Two models compare where a step means the same to both: at the learning rate that both are trained
 * with, as in the paper.
 *
 * @param loss runs `model`, always on the same batch and in the mode that is to be looked at, and
 *   returns a scalar
 * @throws ArgumentError for steps that are not > 0, and where the gradient is 0 or not finite.
 */
export function lossSurface(
  model: nn.AnyModule,
  loss: () => Tensor,
  { steps }: LossSurfaceOptions,
): LossSurface {
  if (steps.length === 0 || !steps.every(step => step > 0 && step < Number.POSITIVE_INFINITY))
    throw new ArgumentError(
      `Expected finite numbers > 0 for \`steps\` but received [${steps.join(', ')}].`,
    )
  return tidy(() => {
    const parameters = model.parameters().filter(parameter => parameter.requiresGrad)
    const look = () => evaluate(model, parameters, loss)
    const start = look()
    const gradientNorm = normOf(start.gradient)
    if (!(gradientNorm > 0 && gradientNorm < Number.POSITIVE_INFINITY))
      throw new ArgumentError(
        `Expected a \`loss\` with a direction to go in but the norm of its gradient is ${gradientNorm}.`,
      )
    const points = along(parameters, start.gradient, steps, step => {
      const { loss, gradient } = look()
      const gradientChange = normOf(gradient.map((each, i) => each.sub(start.gradient[i])))
      return { step, loss, gradientChange, smoothness: gradientChange / (step * gradientNorm) }
    })
    return { loss: start.loss, gradientNorm, points, ...extremes(points) }
  })
}

function extremes(points: readonly LossSurfacePoint[]) {
  const losses = points.map(({ loss }) => loss)
  return {
    lossRange: [Math.min(...losses), Math.max(...losses)] as [number, number],
    gradientChange: Math.max(...points.map(({ gradientChange }) => gradientChange)),
    effectiveSmoothness: Math.max(...points.map(({ smoothness }) => smoothness)),
  }
}

/** Sets `parameters` to each point of the line in turn, and back, also after a throw. */
function along<T>(
  parameters: readonly nn.Parameter[],
  direction: readonly Tensor[],
  steps: readonly number[],
  visit: (step: number) => T,
): T[] {
  const theta = noGrad(() => parameters.map(parameter => parameter.clone()))
  const place = (step: number) =>
    noGrad(() => {
      for (const [i, parameter] of parameters.entries())
        parameter.copy_(step === 0 ? theta[i] : theta[i].sub(direction[i], { alpha: step }))
    })
  try {
    return steps.map(step =>
      tidy(() => {
        place(step)
        return visit(step)
      }),
    )
  } finally {
    place(0)
  }
}

/** The loss and its gradient, with nothing else changed. */
function evaluate(model: nn.AnyModule, parameters: readonly nn.Parameter[], loss: () => Tensor) {
  const device = parameters[0]?.device ?? 'cpu'
  const stream = getRngState(device)
  let found = { loss: Number.NaN, gradient: [] as Tensor[] }
  try {
    undisturbed(model, () => {
      found = tidy(() => {
        const value = enableGrad(loss)
        const gradient = grad(value, parameters, { allowUnused: true }).map(
          (each, i) => each ?? zerosLike(parameters[i]),
        )
        return { loss: value.item(), gradient }
      })
    })
  } finally {
    setRngState(stream, device)
  }
  return found
}

/** L2 norm of all of them as one vector, in float64. */
const normOf = (tensors: readonly Tensor[]): number =>
  stack(tensors.map(each => each.detach().to('float64').norm()))
    .norm()
    .item()
