// torch.nn.utils.

export * as parametrize from './parametrize.ts'
