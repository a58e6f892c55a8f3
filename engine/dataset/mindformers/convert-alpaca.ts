import { writeFileAtomic } from '../../host/atomic-file.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { ConvertAlpacaSpec } from '../../protocol/dataset-merge-tasks.ts'
import { openReader } from '../readers/open.ts'
import { pythonJson, readAlpacaRow, toLlamaConversation, toQwenMessages } from './alpaca-converter.ts'

const MODE = 0o644

/**
 * Writes alpaca rows as conversations (Llama 2, one JSON array) or messages (Qwen1.5, JSON lines), byte for byte as the
 * `alpaca_converter.py` of that family does. The file appears when it is complete.
 * @returns rows written
 * @throws dataset.*, file.*, cancelled
 */
export async function convertAlpaca(
  { input, output, style }: ConvertAlpacaSpec,
  signal: AbortSignal,
  advance: (bytesRead: number, totalBytes: number) => void = () => undefined,
): Promise<number> {
  const reader = await openReader(input)
  const converted: object[] = []
  for await (const batch of reader.batches(signal)) {
    for (const { row, line, value, problem } of batch) {
      const alpaca = problem ?? readAlpacaRow(value)
      if ('reason' in alpaca) {
        const reason = alpaca.detail === undefined ? alpaca.reason : `${alpaca.reason} (${alpaca.detail})`
        throw new AppError('dataset.rowRejected', { file: reader.file, row, line, reason })
      }
      converted.push(style === 'llama' ? toLlamaConversation(alpaca, row) : toQwenMessages(alpaca))
    }
    advance(reader.bytesRead, reader.totalBytes)
    if (signal.aborted) throw new AppError('cancelled')
  }
  const text =
    style === 'llama' ? JSON.stringify(converted, null, 2) : converted.map((row) => `${pythonJson(row)}\n`).join('')
  writeFileAtomic(output, text, MODE)
  return converted.length
}
