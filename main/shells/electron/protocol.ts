import { Readable } from 'node:stream'
import { securityHeaders } from '../csp.ts'
import { openStatic } from '../static-files.ts'
import { appPath } from './app-url.ts'

/** Answers a request of our own protocol with a file of the page; anything else is not found. */
export async function answerAppRequest(
  request: { url: string; method: string },
  rendererDir: string,
): Promise<Response> {
  const headers = new Headers(securityHeaders())
  const path = appPath(request.url)
  if (request.method !== 'GET') return new Response(null, { status: 405, headers })
  const found = path === null ? null : await openStatic(rendererDir, path)
  if (!found) return new Response(null, { status: 404, headers })
  headers.set('Content-Type', found.type)
  headers.set('Content-Length', String(found.bytes))
  const stream = found.file.createReadStream()
  return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, { headers })
}
