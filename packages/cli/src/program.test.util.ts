// Help for the tests of the command line: runs the built program as a user does.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32, deflateSync } from 'node:zlib'
import { afterAll, onTestFinished } from 'vitest'

/** The built program. */
export const program = fileURLToPath(new URL('./main.js', import.meta.url))

/** What a run of the program left behind. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** How the program is run. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: Record<string, string>
  /** Called with all of stderr so far; returns a signal to send, once. */
  readonly signalOn?: (stderr: string) => NodeJS.Signals | undefined
}

/** Runs `normfree` with the arguments in its own process. */
export function normfree(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  // The work is too small to share: threads would only wait for each other.
  const env = { ...process.env, OMP_NUM_THREADS: '1', ...options.env }
  const child = spawn(process.execPath, [program, ...args], {
    cwd: options.cwd ?? newFolder(),
    env,
  })
  let [stdout, stderr, signalled] = ['', '', false]
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
    const signal = signalled ? undefined : options.signalOn?.(stderr)
    if (signal) signalled = child.kill(signal)
  })
  return new Promise(resolve => child.on('close', code => resolve({ code, stdout, stderr })))
}

const folders = mkdtempSync(join(tmpdir(), 'normfree-cli-'))
afterAll(() => rmSync(folders, { recursive: true, force: true }))

/** A new empty folder, removed after the tests of the file. */
export const newFolder = () => mkdtempSync(join(folders, 'folder-'))

/** A file for `--module` with this code behind the import of `nn`, until the end of the test. */
export function moduleFile(name: string, code: string): string {
  // Below the repository, so that `@normfree/torch` is found by name.
  const build = fileURLToPath(new URL('../../../build', import.meta.url))
  mkdirSync(build, { recursive: true })
  const folder = mkdtempSync(join(build, 'module-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, name)
  writeFileSync(file, `import { nn } from '@normfree/torch'\n${code}\n`)
  return file
}

/** A folder with two classes of plain images, so small that an epoch takes a moment. */
export function tinyImageFolder(): string {
  const folder = newFolder()
  const classes = { dark: 40, light: 210 }
  for (const split of ['train', 'test']) {
    for (const [name, grey] of Object.entries(classes)) {
      mkdirSync(join(folder, split, name), { recursive: true })
      for (let i = 0; i < 8; i++) {
        writeFileSync(join(folder, split, name, `${i}.png`), greyPng(32, grey + i))
      }
    }
  }
  return folder
}

/** A PNG of one grey. */
function greyPng(side: number, grey: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header[8] = 8 // bits a sample; colour type 0 is grey
  const row = Buffer.concat([Buffer.of(0), Buffer.alloc(side, grey)])
  const rows = Buffer.concat(Array.from({ length: side }, () => row))
  const signature = Buffer.from('89504e470d0a1a0a', 'hex')
  return Buffer.concat([
    signature,
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const chunk = Buffer.alloc(body.length + 8)
  chunk.writeUInt32BE(data.length, 0)
  body.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(body), body.length + 4)
  return chunk
}
