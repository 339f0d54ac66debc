// Records and folders for the tests of this package; it is not published.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { EpochLine, RunHeader, RunRecord, SignalTap, StepLine } from './types.ts'

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'normfree-runs-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export function headerOf(changes: Partial<RunHeader> = {}): RunHeader {
  return {
    format: 1,
    id: 'batch-norm-0',
    name: 'batch norm',
    seed: 0,
    created: '2026-01-02T03:04:05.000Z',
    command: 'normfree train recipe.yaml',
    config: { epochs: 2, optimizer: { lr: 0.1 } },
    environment: { node: '20.20.0', threads: 2 },
    model: { name: 'resnet20', parameters: 272_474 },
    ...changes,
  }
}

export function stepOf(step: number, changes: Partial<StepLine> = {}): StepLine {
  return { kind: 'step', step, epoch: 1, loss: 2.3, lr: 0.1, gradNorm: 1, ...changes }
}

export function epochOf(epoch: number, changes: Partial<EpochLine> = {}): EpochLine {
  return {
    kind: 'epoch',
    epoch,
    step: epoch * 10,
    trainLoss: 1,
    trainAccuracy: 0.5,
    testLoss: 1,
    testAccuracy: 0.5,
    seconds: 1,
    imagesPerSecond: 1000,
    ...changes,
  }
}

export function tapOf(index: number, changes: Partial<SignalTap> = {}): SignalTap {
  return {
    index,
    name: `blocks.${index}`,
    stage: 0,
    block: index - 1,
    stageEnd: false,
    channelSquaredMean: 0.1,
    channelVariance: 1,
    residualVariance: 1,
    predictedVariance: null,
    ...changes,
  }
}

export function runOf(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    header: headerOf(),
    steps: [],
    epochs: [epochOf(1)],
    signals: [],
    end: { kind: 'end', status: 'completed', seconds: 1 },
    ...changes,
  }
}

/** What {@link sweepOf} makes runs of. */
export interface SweepSketch {
  batchSizes: readonly number[]
  factors: readonly number[]
  seeds: readonly number[]
  /** The final test accuracy; null for a run that diverges. */
  score: (batchSize: number, factor: number, seed: number) => number | null
}

/**
 * A run for each batch size, clipping factor and seed, named as a plan names them: ten epochs of
 * 10,000 images in which the accuracy rises along a straight line.
 */
export function sweepOf({ batchSizes, factors, seeds, score }: SweepSketch): RunRecord[] {
  return batchSizes.flatMap(batchSize =>
    factors.flatMap(factor =>
      seeds.map(seed => {
        const final = score(batchSize, factor, seed)
        const steps = Math.floor(10_000 / batchSize)
        return runOf({
          header: headerOf({
            id: `batchsize-${batchSize}-factor-${factor}-s${seed}`,
            name: `batchSize ${batchSize}, clip.factor ${factor}`,
            plan: 'sweep',
            seed,
            config: { epochs: 10, batchSize, clip: { kind: 'agc', factor }, seed },
          }),
          epochs: Array.from({ length: final === null ? 2 : 10 }, (_, index) =>
            epochOf(index + 1, {
              step: steps * (index + 1),
              testAccuracy: ((final ?? 0.1) * (index + 1)) / 10,
            }),
          ),
          end:
            final === null
              ? { kind: 'end', status: 'diverged', message: 'loss is NaN', seconds: 1 }
              : { kind: 'end', status: 'completed', seconds: 1 },
        })
      }),
    ),
  )
}
