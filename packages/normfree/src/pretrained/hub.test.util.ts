// A server on this machine that answers as the Hugging Face hub does, for the tests of this package.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A model with files; those over a few bytes count as large (LFS). */
export interface HubStub {
  readonly url: string
  /** Method and path of every request so far. */
  readonly requests: string[]
  /** What is served; may be changed. */
  readonly files: Map<string, Buffer>
  /** How downloads go wrong. */
  fault: 'none' | 'changed' | 'cut' | 'status'
  close(): Promise<void>
}

export const COMMIT = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00'
/** Files of this size and above are LFS's. */
const LARGE = 200

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const gitSha1 = (bytes: Buffer) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')

/** Serves `files` as the model `repo`, on revisions `main` and COMMIT. */
export async function serveHub(repo: string, files: Record<string, Buffer>): Promise<HubStub> {
  const stub = {
    requests: [] as string[],
    files: new Map(Object.entries(files)),
    fault: 'none' as HubStub['fault'],
  }
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    stub.requests.push(`${request.method} ${path}`)
    const info = /^\/api\/models\/([^/]+\/[^/]+)\/paths-info\/([^/]+)$/.exec(path)
    const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path)
    const known = (match: RegExpExecArray | null) =>
      match?.[1] === repo && ['main', COMMIT].includes(match[2])
    if (known(info)) void sendInfos(stub.files, request, response)
    else if (known(file)) sendFile(stub, file?.[3] ?? '', request, response)
    else sendJson(response, 404, { error: 'Repository not found' })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(stub, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

/** POST paths-info: of the asked paths those that exist. */
async function sendInfos(
  files: ReadonlyMap<string, Buffer>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { paths } = JSON.parse(Buffer.concat(chunks).toString()) as { paths: string[] }
  const infos = paths.flatMap(path => {
    const bytes = files.get(path)
    if (!bytes) return []
    const size = bytes.length
    const lfs = size >= LARGE ? { lfs: { oid: sha256(bytes), size, pointerSize: 130 } } : {}
    const lastCommit = { id: COMMIT, title: 'weights', date: '2026-01-01T00:00:00.000Z' }
    return [{ type: 'file', path, size, oid: gitSha1(bytes), ...lfs, lastCommit }]
  })
  sendJson(response, 200, infos)
}

/** GET resolve: one byte, to learn the size, or the whole file. */
function sendFile(
  { files, fault }: { files: HubStub['files']; fault: HubStub['fault'] },
  path: string,
  { headers }: IncomingMessage,
  response: ServerResponse,
): void {
  const bytes = files.get(path)
  if (!bytes) {
    response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end()
    return
  }
  const etag = { etag: `"${sha256(bytes)}"` }
  if (headers.range === 'bytes=0-0') {
    response.writeHead(206, { ...etag, 'content-range': `bytes 0-0/${bytes.length}` })
    response.end(bytes.subarray(0, 1))
    return
  }
  if (fault === 'status') {
    response.writeHead(503).end()
    return
  }
  response.writeHead(200, { ...etag, 'content-length': bytes.length })
  if (fault === 'cut') response.write(bytes.subarray(0, 10), () => response.destroy())
  else response.end(fault === 'changed' ? Buffer.alloc(bytes.length) : bytes)
}
