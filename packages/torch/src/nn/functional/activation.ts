// Activation functions that are no operator of LibTorch, by their formulas in torch.nn.functional. What
// is made on the way is released.
import { softmax } from '../../generated/functions.ts'
import { tidy } from '../../memory.ts'
import type { Tensor } from '../../tensor.ts'

/** x / (1 + |x|) */
export const softsign = (input: Tensor): Tensor => tidy(() => input.div(input.abs().add(1)))

/** x - tanh(x) */
export const tanhshrink = (input: Tensor): Tensor => tidy(() => input.sub(input.tanh()))

/** softmax of -x along `dim`. */
export const softmin = (input: Tensor, dim: number): Tensor => tidy(() => softmax(input.neg(), dim))
