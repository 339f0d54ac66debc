// What the steps of the set-up share: where they are, how they start programs, and what earlier
// steps found. Tests pass their own.

/** @import { LibTorch } from '../../packages/torch/libtorch-probe.mjs' */

/**
 * @typedef {object} Context
 * @property {string} root of the repository
 * @property {string} log the file that programs' output goes to
 * @property {Record<string, string | undefined>} env
 * @property {(command: string, args: string[], options?: { cwd?: string, env?: Record<string, string | undefined> }) =>
 *   { status: number | null, stdout: string, stderr: string }} run
 * @property {(text: string) => void} say a line for the user while a step runs
 * @property {string} [compiler] found by the step `tools`
 * @property {boolean} [ninja] found by the step `tools`
 * @property {LibTorch} [libtorch] found by the step `libtorch`
 */

/**
 * What a step reports.
 *
 * @typedef {object} Done
 * @property {boolean} changed false when there was nothing to do
 * @property {string} [detail]
 */
