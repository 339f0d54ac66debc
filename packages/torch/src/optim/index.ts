// torch.optim: optimizers and learning-rate schedules.
export { multiStep, type Schedule, type WarmupCosineOptions, warmupCosine } from './schedule.ts'
export { type ParamGroup, SGD, type SGDOptions } from './sgd.ts'
