// What a check finds, and what it is told beforehand.
import type { nn } from '@normfree/torch'
import type { Block } from './blocks.ts'
import type { SignalNode } from './graph.ts'
import type { Layer } from './layers.ts'
import type { ConvertedUnit } from './rules/converted.ts'

/**
 * One setting to change. `target` 'model': a property of the module of that dotted name, a number,
 * or for a tensor the number that all its elements become; of a `weight` also 'standardize' (mean 0
 * and sum of squares 1 a unit) and 'kaiming_normal' (drawn anew). 'training' and 'input': an option
 * of the check, `module` being ''.
 */
export interface Fix {
  target: 'model' | 'training' | 'input'
  module: string
  property: string
  value: number | 'standardize' | 'kaiming_normal' | readonly string[]
}

/** One thing that is wrong. */
export interface Finding {
  /** What it is called, e.g. 'wrong-gain'. */
  rule: RuleId
  /** The same in a few words. */
  title: string
  /** A fault will keep the net from training as it should; a warning may. */
  severity: 'fault' | 'warning'
  /** Dotted name of the first block (or layer outside of blocks) that has it. */
  block: string
  /** All of them, in forward order. */
  blocks: readonly string[]
  /** The numbers, in words. */
  evidence: string
  cause: string
  /** What to do about it. */
  change: string
  /** Where it is written about; null where we know of no place. */
  source: string | null
  /** The change as settings; empty where it cannot be said so. */
  fixes: readonly Fix[]
}

/** What can be found. */
export type RuleId =
  | 'non-finite'
  | 'explosion'
  | 'attenuation'
  | 'mean-shift'
  | 'wrong-gain'
  | 'unscaled-squeeze-excite'
  | 'missing-reset'
  | 'beta-mismatch'
  | 'dead-units'
  | 'zero-padding-decay'
  | 'ill-conditioned-kernel'
  | 'branch-stays-silent'

/** How the model will be trained: what decides whether silent branches wake up. */
export interface CheckedTraining {
  /** Peak learning rate of SGD, after a linear warm-up and before a cosine decay to 0. */
  lr: number
  momentum: number
  steps: number
  /** Adaptive clipping; null where gradients are not clipped by unit. */
  clip: { factor: number; eps: number; exclude: readonly string[] } | null
}

/** What a check looks with. */
export interface CheckOptions {
  /** Channels, height and width of the images. Default [3, 224, 224]. */
  shape?: readonly [number, number, number]
  /** Noise images. Default 2. */
  batch?: number
  /** How the model will be trained; without it, nothing is said of silent branches. */
  training?: CheckedTraining
}

/** What a rule looks at. */
export interface Subject {
  model: nn.Module
  /** The pass with the branches as they are. */
  nodes: readonly SignalNode[]
  blocks: readonly Block[]
  /** The pass with silent branches opened; the same where none is. */
  openNodes: readonly SignalNode[]
  openBlocks: readonly Block[]
  /** Layers of the open pass that unit variance can be asked of. */
  layers: readonly Layer[]
  /** Converted convolutions of the open net, and what they make of what they are expected to read. */
  converted: readonly ConvertedUnit[]
  /** The net is built to keep unit variance in every layer: by its kernels or its gains. */
  keepsUnitVariance: boolean
  /** Channels, height and width of the noise. */
  shape: readonly [number, number, number]
  training: CheckedTraining | null
}

/** What a rule says of what it found; the rest is the same for all that it finds. */
export type Found = Omit<Finding, 'title' | 'source'>

/** One thing that can go wrong in a net. */
export interface Rule {
  /** What is wrong, in a few words. */
  title: string
  /** Section of a paper, null where there is none. */
  source: string | null
  examine(subject: Subject): Found[]
}

/** What `rule` finds. */
export const findingsOf = (rule: Rule, subject: Subject): Finding[] =>
  rule.examine(subject).map(found => ({ ...found, title: rule.title, source: rule.source }))

/** Name of a layer's block, or its own outside of blocks. */
export const placeOf = ({ block, module }: Layer): string => block?.name ?? module

/** Names without repetition, in order. */
export const distinct = (names: readonly string[]): string[] => [...new Set(names)]

/** 0.683, 1.2e5: enough digits to act on. */
export const digits = (value: number): string =>
  Math.abs(value) >= 1e4 || (Math.abs(value) < 1e-3 && value !== 0)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)))
