// Convolution and activation in the two forms that dense heads come in.
import { nn } from '@normfree/torch'
import { ScaledActivation } from '../layers/scaled-activation.ts'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'

/** With batch norm behind every convolution, or normalizer-free. */
export type DenseForm = 'batch' | 'nf'

interface ConvForm {
  dilation?: number
}

/** A convolution that keeps the size: with batch norm and no bias, or standardized, with one. */
export function convNorm(
  form: DenseForm,
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  { dilation = 1 }: ConvForm = {},
): nn.Module {
  const options = { padding: ((kernelSize - 1) / 2) * dilation, dilation }
  if (form === 'nf') return new ScaledStdConv2d(inChannels, outChannels, kernelSize, options)
  const conv = new nn.Conv2d(inChannels, outChannels, kernelSize, { ...options, bias: false })
  nn.init.kaimingNormal_(conv.weight, { mode: 'fan_out', nonlinearity: 'relu' })
  return new nn.Sequential(conv, new nn.BatchNorm2d(outChannels))
}

/**
 * ReLU; normalizer-free with its gamma, and divided by the deviation `beta` of what comes in.
 *
 * @param beta default 1
 */
export const activation = (form: DenseForm, beta = 1): nn.Module =>
  form === 'nf' ? new ScaledActivation('relu', { beta }) : new nn.ReLU()

/** The last convolution, plain: N(0, 0.01^2) weights and zero bias, as classifiers have it. */
export function predictor(inChannels: number, outChannels: number, kernelSize: number): nn.Conv2d {
  const conv = new nn.Conv2d(inChannels, outChannels, kernelSize, { padding: (kernelSize - 1) / 2 })
  nn.init.normal_(conv.weight, 0, 0.01)
  if (conv.bias) nn.init.zeros_(conv.bias)
  return conv
}
