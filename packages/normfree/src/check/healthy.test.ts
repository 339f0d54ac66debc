import { describe, expect, it } from 'vitest'
import { OPERATOR_NET, registered, SMALL_NETS } from './planted.test.util.ts'
import { falseAlarms } from './try-out.test.util.ts'

const cifar = (name: string) => registered(name, 32, 32)
const imagenet = (name: string) => registered(name, 128, 128)

// Of every family one net that is small; scripts/planted-faults.mjs checks the registry.
describe('checkModel, of healthy nets,', () => {
  it.each([
    ...SMALL_NETS,
    OPERATOR_NET,
    ...['resnet20', 'resnet20_gn_ws', 'resnet20_ln', 'resnet20_in', 'resnet110'].map(cifar),
    ...['resnetv2_20', 'fixup_resnet20', 'skipinit_resnet20', 'rezero_resnet20'].map(cifar),
    ...['nf_resnet26', 'dm_nf_resnet26', 'nf_regnet_b0', 'dm_nf_regnet_b0'].map(imagenet),
    ...['resnet18', 'resnetv2_18', 'fixup18', 'rescale50', 'selu_resnetv2_50'].map(imagenet),
    ...['regnety_002', 'efficientnet_b0'].map(imagenet),
  ])('finds nothing in $name', net => {
    expect(falseAlarms(net)).toEqual([])
  })
})
