import type { z } from 'zod'
import { AppError } from '../protocol/errors/index.ts'
import type { HubStyle } from '../protocol/hub-tasks.ts'
import { BusyError, isBusy, type Answer, type HubClient } from './client.ts'

/** A list of a million files is below this. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024

export interface Question {
  readonly hub: HubStyle
  /** For errors. */
  readonly tokenVariable: string
  readonly about: Readonly<Record<'kind' | 'repository' | 'endpoint' | 'revision', string>>
}

/**
 * A JSON answer in the form of `schema`, with its headers.
 * @throws AppError `hub.notFound`, `hub.denied`, `hub.unreachable`, `hub.unexpected`
 */
export async function askJson<S extends z.ZodType>(
  client: HubClient,
  url: URL,
  schema: S,
  { hub, tokenVariable, about }: Question,
  signal: AbortSignal,
): Promise<{ value: z.infer<S>; headers: Answer['headers'] }> {
  return await client.persist(signal, async () => {
    const answer = await client.get(url, { accept: 'application/json' }, signal)
    const { status, headers } = answer
    if (status !== 200) {
      await answer.body.dump()
      if (isBusy(status)) throw new BusyError(answer)
      if (status === 401 || status === 403)
        throw new AppError('hub.denied', { ...about, status, variable: tokenVariable })
      if (status === 404) throw new AppError('hub.notFound', about)
      throw new AppError('hub.unexpected', { url: url.href, hub, reason: `HTTP ${status}` })
    }
    const text = await readText(answer, url, hub)
    const parsed = schema.safeParse(parseJson(text))
    if (parsed.success) return { value: parsed.data, headers }
    const [issue] = parsed.error.issues
    const reason = issue ? `${issue.path.join('.') || 'JSON'}: ${issue.message}` : 'JSON'
    throw new AppError('hub.unexpected', { url: url.href, hub, reason })
  })
}

async function readText({ body }: Answer, url: URL, hub: HubStyle): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) {
      throw new AppError('hub.unexpected', { url: url.href, hub, reason: `more than ${MAX_ANSWER_BYTES} bytes` })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
