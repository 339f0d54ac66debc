// torch.nn.utils.

export * as parametrize from './parametrize.ts'
export { skipInit } from './skip-init.ts'
