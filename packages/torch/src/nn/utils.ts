// torch.nn.utils.

/** torch.nn.utils.parametrize: parameters computed from others. */
export * as parametrize from './parametrize.ts'
export { skipInit } from './skip-init.ts'
