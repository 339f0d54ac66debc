// An invented machine for the tests of the set-up: files and programs that are not there.

/**
 * @param {{
 *   files?: Record<string, string>,
 *   env?: Record<string, string | undefined>,
 *   uid?: number,
 *   run?: (line: string) => { status?: number | null, stdout?: string, stderr?: string } | undefined,
 * }} [machine] `run` answers a command line; a program it says nothing of is not on PATH
 */
export function inventMachine({ files = {}, env = {}, uid = 1000, run = () => undefined } = {}) {
  /** @type {string[]} */
  const commands = []
  /** @type {string[]} */
  const said = []
  return {
    commands,
    said,
    files,
    probes: {
      env,
      uid,
      arch: 'x64',
      home: '/home/someone',
      exists: (/** @type {string} */ path) => path in files,
      readFile: (/** @type {string} */ path) => files[path] ?? '',
      run: (/** @type {string} */ command, /** @type {string[]} */ args) => {
        const line = [command, ...args].join(' ')
        commands.push(line)
        const answer = run(line)
        return { status: answer ? 0 : null, stdout: '', stderr: '', ...answer }
      },
      say: (/** @type {string} */ text) => void said.push(text),
    },
  }
}

/**
 * The files of a LibTorch.
 *
 * @param {string} prefix @param {string} version
 * @param {{ lib?: string, header?: string, cmake?: string, guard?: string }} [layout]
 */
export function libtorchFiles(prefix, version, layout = {}) {
  const { lib = 'lib', header = 'include/torch/csrc/api/include/torch/version.h' } = layout
  const [major, minor, patch] = version.split('.')
  return {
    [`${prefix}/${header}`]: [
      `#define TORCH_VERSION_MAJOR ${major}`,
      `#define TORCH_VERSION_MINOR ${minor}`,
      `#define TORCH_VERSION_PATCH ${patch}`,
    ].join('\n'),
    [`${prefix}/${lib}/libtorch.so`]: '',
    ...(layout.cmake ? { [`${prefix}/share/cmake/Torch/TorchConfig.cmake`]: layout.cmake } : {}),
    ...(layout.guard ? { [`${prefix}/include/ATen/ATen.h`]: layout.guard } : {}),
  }
}
