// What timm does when a model is asked for other classes or other image channels than its weights
// have: the classifier stays new, and the first kernel is adapted.
import { cat, type nn, type Tensor } from '@normfree/torch'
import { classifierOf, firstKernelOf, type State } from './state.ts'

/** Image channels that published weights are for. */
const RGB = 3

/** A state that fits, and what of it is not as it was in the file. */
export interface Fitted {
  state: Map<string, Tensor>
  /** The file has another number of classes: the model keeps its own classifier. */
  newClassifier: boolean
  /** The file is for RGB, the model not: the first kernel is made of the file's. */
  adaptedInput: boolean
}

/** `state` for `model`; what does not fit for other reasons stays as it is. */
export function fit(state: State, model: nn.Module): Fitted {
  const own = model.stateDict()
  const fitted = new Map(state)
  const classifier = `${classifierOf(model)}.`
  const newClassifier = differsInClasses(
    state.get(`${classifier}weight`),
    own.get(`${classifier}weight`),
  )
  if (newClassifier)
    for (const [name, tensor] of own) if (name.startsWith(classifier)) fitted.set(name, tensor)
  const first = firstKernelOf(model) ?? ''
  const kernel = adaptInput(state.get(first), own.get(first))
  if (kernel) fitted.set(first, kernel)
  return { state: fitted, newClassifier, adaptedInput: kernel !== null }
}

const differsInClasses = (given: Tensor | undefined, own: Tensor | undefined): boolean =>
  given !== undefined &&
  own !== undefined &&
  given.shape[0] !== own.shape[0] &&
  String(given.shape.slice(1)) === String(own.shape.slice(1))

/**
 * An RGB kernel for as many channels as `own` has, null where there is nothing to adapt: for one
 * channel the sum over the three; for others the three in turn, times 3 / channels (timm,
 * adapt_input_conv). A standardized convolution divides such factors out again.
 */
function adaptInput(given: Tensor | undefined, own: Tensor | undefined): Tensor | null {
  if (given?.dim !== 4 || own?.dim !== 4 || given.shape[1] !== RGB || own.shape[1] === RGB)
    return null
  const channels = own.shape[1]
  if (channels === 1) return given.sum([1], true)
  const copies = Array.from({ length: Math.ceil(channels / RGB) }, () => given)
  return cat(copies, 1)
    .narrow(1, 0, channels)
    .mul(RGB / channels)
}
