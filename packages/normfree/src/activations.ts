// The activations that the papers' tables name: as plain functions of a number (for quadrature) and
// as operators on tensors, side by side so that they cannot drift apart.
import { nn, type Tensor } from '@normfree/torch'

interface Activation {
  /** Value at a number; null where one output depends on several inputs. */
  scalar: ((x: number) => number) | null
  module: () => nn.Module<[Tensor], Tensor>
  /** False where the function falls and rises again; such ones may be less stable in deep nets. */
  monotonic: boolean
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
const SELU_ALPHA = 1.6732632423543772
const SELU_SCALE = 1.0507009873554805
const elu = (x: number) => (x > 0 ? x : Math.expm1(x))
/** Error function by its series of positive terms, to the last digits of a double. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x)
  let term = (2 / Math.sqrt(Math.PI)) * x * Math.exp(-x * x)
  let sum = term
  for (let n = 1; Math.abs(term) > 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return sum
}
const geluTanh = (x: number) =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))

/**
 * The activations that the gain table names: as a function of a number, as a module, and whether
 * it is monotonic.
 */
export const ACTIVATIONS = {
  identity: { scalar: x => x, module: () => new nn.Identity(), monotonic: true },
  celu: { scalar: elu, module: () => new nn.CELU(), monotonic: true },
  elu: { scalar: elu, module: () => new nn.ELU(), monotonic: true },
  gelu: {
    scalar: x => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
    module: () => new nn.GELU(),
    monotonic: false,
  },
  // What JAX, and so DeepMind's code, calls gelu.
  gelu_tanh: { scalar: geluTanh, module: () => new nn.GELU('tanh'), monotonic: false },
  glu: { scalar: null, module: () => new nn.GLU(), monotonic: false },
  leaky_relu: {
    scalar: x => (x > 0 ? x : 0.01 * x),
    module: () => new nn.LeakyReLU(),
    monotonic: true,
  },
  log_sigmoid: { scalar: x => -softplus(-x), module: () => new nn.LogSigmoid(), monotonic: true },
  log_softmax: { scalar: null, module: () => new nn.LogSoftmax(-1), monotonic: true },
  relu: { scalar: x => Math.max(x, 0), module: () => new nn.ReLU(), monotonic: true },
  relu6: {
    scalar: x => Math.min(Math.max(x, 0), 6),
    module: () => new nn.ReLU6(),
    monotonic: true,
  },
  selu: {
    scalar: x => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
    module: () => new nn.SELU(),
    monotonic: true,
  },
  sigmoid: { scalar: sigmoid, module: () => new nn.Sigmoid(), monotonic: true },
  silu: { scalar: x => x * sigmoid(x), module: () => new nn.SiLU(), monotonic: false },
  soft_sign: {
    scalar: x => x / (1 + Math.abs(x)),
    module: () => new nn.Softsign(),
    monotonic: true,
  },
  softplus: { scalar: softplus, module: () => new nn.Softplus(), monotonic: true },
  tanh: { scalar: Math.tanh, module: () => new nn.Tanh(), monotonic: true },
  mish: { scalar: x => x * Math.tanh(softplus(x)), module: () => new nn.Mish(), monotonic: false },
  hard_swish: {
    scalar: x => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    module: () => new nn.Hardswish(),
    monotonic: false,
  },
} satisfies Record<string, Activation>

/** `relu`, `silu`, `gelu`, ...: the keys of the gain table. */
export type ActivationName = keyof typeof ACTIVATIONS

/** Whether {@link ACTIVATIONS} has an activation of this name. */
export const isActivationName = (name: string): name is ActivationName =>
  Object.hasOwn(ACTIVATIONS, name)
