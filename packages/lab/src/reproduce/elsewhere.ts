// What is not run here, and what it would take. Ids and claims only.

/** A claim that needs more than minutes on two cores. */
export interface Elsewhere {
  id: string
  title: string
  /** What it would need. */
  needs: string
}

const GPU = 'hours of training on a GPU'
const IMAGENET = 'training on ImageNet'

const of = (needs: string, claims: Readonly<Record<string, string>>): Elsewhere[] =>
  Object.entries(claims).map(([id, title]) => ({ id, title, needs }))

/** Claims that are listed and not run. */
export const ELSEWHERE: readonly Elsewhere[] = [
  ...of(IMAGENET, {
    'fig-3': 'top-1 over FLOPs: NF-RegNets a little below EfficientNets',
    'table-1': 'NF-ResNets match batch norm at depths 50 to 288',
    'table-2': 'at batch 4 and 8 NF-ResNet-50 keeps its accuracy, batch norm loses it',
    'P-S15': 'AutoAugment and RandAugment hurt NF-RegNets; one batch norm cures the instability',
    'P-S18': 'more regularization does not help batch-norm nets much',
    'P-S20': 'Scaled WS trains 288 layers',
    W13: 'NF-ResNets with adaptive clipping are stable to batch 4096 and with RandAugment',
    W14: 'NFNet-F1 matches EfficientNet-B7 8.7 times faster; F5 86.0%, F6 with SAM 86.5%',
    R2a: 'the gain of mixup grows from 90 to 200 epochs also with batch norm',
    R5: 'RescaleNets match normalized nets on ImageNet, COCO, Kinetics and WMT',
  }),
  ...of('a V100, for its timings', {
    'table-4': 'NF-ResNets train faster than batch norm, the more the deeper',
    'table-5': 'NF-RegNets train 2.3 to 3 times faster than EfficientNets',
  }),
  ...of('backbones trained on ImageNet, then Pascal VOC or NYU Depth', {
    'table-6': 'segmentation: NF-ResNets comparable to batch norm',
    'table-7': 'depth estimation: NF-ResNets comparable to batch norm',
  }),
  ...of(GPU, {
    'P-S4': 'learned gains and biases do not change stability',
    'P-S5': 'stochastic depth does not change stability',
    'P-S6': 'SkipInit scalars help beyond 150 layers',
    'P-S7': 'Scaled WS hurts depthwise convolutions',
    'P-S10': 'SiLU helps only together with averaged weights',
    'P-S11': 'squeeze-excite on the expanded width helps',
    'P-S12': 'the last 1280-wide convolution matters',
    'P-S13': 'average pool and 1 x 1 beat a strided 1 x 1 in shortcuts',
    'P-S14': 'inverted bottlenecks beat compressive ones',
    'P-S16': 'large models peak early; averaged weights come back to the weights',
    'P-S17': 'without regularization NF nets train higher and test lower than batch norm',
    'P-S19':
      'the linear relation of rate and batch ends at 1024 without norms, at 2048 to 4096 with',
    'P-G1': 'decoupled WS: less sensitive to decay, worse in the end',
    'P-G2': 'soft WS cannot be made much softer than the full projection',
    'P-G4': 'constant-variance SELU nets train stably, below batch norm',
    W2: 'batch norm: test accuracy falls with the batch at fixed epochs',
    W3: 'larger batches need fewer updates',
    W4: 'NF-ResNets beat batch norm at tiny batches, lose at 4096',
    W6: 'clipping by a global norm is sensitive to its threshold',
    W9: 'adaptive clipping does not bring ResNet-20 without norms up to batch norm',
    W10: 'batch size correlates negatively, clipping factor positively with accuracy',
    W11: 'small batches prefer larger clipping factors',
    W12: 'what adaptive clipping should leave alone',
    R2c: 'learned multipliers grow with depth',
    R2e: 'a learned scalar on the shortcut',
    R2f: 'the bias re-parameterization helps',
    R3a: 'multipliers above 1 do not explode because weights shrink',
    R3b: 'stability over seeds',
    R4a: 'the depth-dependent initialisation of the code matters',
    R4b: 'RescaleNets beat Fixup and SkipInit',
  }),
  ...of('a set-up that the report does not give', {
    W1: 'the list of what batch norm brings and costs',
    W5: '"NF-ResNet-50 beats ResNet-50 by about 15%"',
  }),
]
