// What images go through before a model sees them. The figures of a row are those that timm evaluates
// the published weights with (its `test_input_size` and crop); models without such weights have the
// family's. Other families have timm's general default, bicubic: their published weights vary, and
// those on the hub say themselves how.
import { modelEntry } from '../registry.ts'

/** timm's `test_input_size`, `crop_pct`, `crop_mode`, `interpolation`, `mean`, `std`. */
export interface Preprocessing {
  /** Side of the model's input, in pixels. */
  size: number
  /** Share of the resized image that the middle crop keeps of each side. */
  cropPct: number
  /** What is resized to size / cropPct: the shorter side, or both sides whatever their ratio. */
  cropMode: 'center' | 'squash'
  interpolation: 'bicubic' | 'bilinear'
  /** Of the channels red, green and blue, pixels scaled to 0..1. */
  mean: readonly [number, number, number]
  std: readonly [number, number, number]
}

const IMAGENET = {
  cropMode: 'center',
  interpolation: 'bicubic',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const

/** CIFAR-10's own statistics; whole images. */
const CIFAR: Omit<Preprocessing, 'size'> = {
  ...IMAGENET,
  cropPct: 1,
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
}

/** Crops of the weights that DeepMind published, which saw images squashed to size + 32. */
const DEEPMIND_CROPS = [0.9, 0.91, 0.92, 0.94, 0.951, 0.954, 0.956]

type Exception = readonly [name: RegExp, settings: Partial<Preprocessing>]

/** timm's crop of its NFNets where nothing else is said, and of all other families. */
const NFNET_CROP = 0.9
const OTHER_CROP = 0.875

/** Where a model differs from its family's crop at the registry's resolution. */
const EXCEPTIONS: readonly Exception[] = [
  ...DEEPMIND_CROPS.map(
    (cropPct, level): Exception => [
      new RegExp(`^dm_nfnet_f${level}$`),
      { cropPct, cropMode: 'squash' },
    ],
  ),
  [/^nf_resnet50$/, { size: 288, cropPct: 0.94 }],
  [/^nf_regnet_b0$/, { size: 256 }],
  [/^nf_regnet_b1$/, { size: 288 }],
  [/^(eca_)?nfnet_l\d$/, { cropPct: 1 }],
  [/^test_nfnet$/, { cropPct: 0.95, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }],
]

/** Side below which a model is one for CIFAR. */
const CIFAR_SIDE = 32

/**
 * The preprocessing of a model's weights.
 *
 * @throws UnknownModelError as modelEntry.
 */
export function preprocessingOf(name: string): Preprocessing {
  const { resolution: size, family } = modelEntry(name)
  if (size === CIFAR_SIDE) return { ...CIFAR, size }
  const settings = EXCEPTIONS.find(([pattern]) => pattern.test(name))?.[1]
  const cropPct = family.startsWith('nf') ? NFNET_CROP : OTHER_CROP
  return { ...IMAGENET, size, cropPct, ...settings }
}

/**
 * `base` with what `config`, a model's `pretrained_cfg` on the hub, says otherwise; fields that it
 * lacks or that are none of the known values stay.
 */
export function withPretrainedCfg(
  base: Preprocessing,
  config: Readonly<Record<string, unknown>>,
): Preprocessing {
  const { test_input_size: testSize = config.input_size } = config
  const size = Array.isArray(testSize) ? testSize[2] : undefined
  const candidates: Partial<Record<keyof Preprocessing, unknown>> = {
    size,
    cropPct: config.test_crop_pct ?? config.crop_pct,
    cropMode: config.crop_mode,
    interpolation: config.interpolation,
    mean: config.mean,
    std: config.std,
  }
  const known = Object.entries(candidates).filter(([key, value]) =>
    IS_VALID[key as keyof Preprocessing](value),
  )
  return { ...base, ...Object.fromEntries(known) }
}

const isPositive = (value: unknown): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value > 0
const isOneOf = (values: readonly unknown[]) => (value: unknown) => values.includes(value)
const isTriple = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 3 && value.every(Number.isFinite)

const IS_VALID: Record<keyof Preprocessing, (value: unknown) => boolean> = {
  size: value => isPositive(value) && Number.isInteger(value),
  cropPct: value => isPositive(value) && (value as number) <= 1,
  cropMode: isOneOf(['center', 'squash']),
  interpolation: isOneOf(['bicubic', 'bilinear']),
  mean: isTriple,
  std: value => isTriple(value) && (value as number[]).every(isPositive),
}
