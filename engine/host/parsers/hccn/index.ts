import type { Locale } from '../../../protocol/text.ts'
import type { Parsed } from '../result.ts'
import { parseHccnAnswer } from './answers.ts'
import { isHccnConf, parseHccnConf } from './conf.ts'

/** The command line that a shell or a script echoed before an answer. */
const COMMAND = /hccn_tool\b.*\s-i\s+(\d+)\b/

/** An answer that starts anew, where no command was echoed between the answers of a loop. */
const FIRST_KEY = /^\s*(?:ipaddr|link status|net health status|fec mode|(?:default )?gateway)\s*:/i

/**
 * `/etc/hccn.conf`, or what hccn_tool answered: to one query, or to the same one for several devices in a row. No text
 * at all is the answer of a device that has no address.
 */
export function parseHccn(lines: string[], locale: Locale, wanted?: string): Parsed | null {
  if (wanted === 'hccn-conf' || isHccnConf(lines)) return parseHccnConf(lines)
  if (lines.every((line) => line.trim() === '')) return { ip: null }
  const blocks = splitAnswers(lines)
  const answers = blocks.map((block) => answerOf(block, locale))
  if (answers.length > 1)
    return { devices: answers.map((answer, at) => ({ device: blocks[at]?.device ?? at, ...answer })) }
  const [answer] = answers
  const device = blocks[0]?.device
  if (!answer || (Object.keys(answer).length === 0 && device === undefined)) return null
  return device === undefined ? answer : { device, ...answer }
}

interface Block {
  device?: number
  lines: string[]
}

function splitAnswers(lines: string[]): Block[] {
  const echoed: Block[] = []
  for (const line of lines) {
    const command = COMMAND.exec(line)
    if (command) echoed.push({ device: Number(command[1]), lines: [] })
    else echoed.at(-1)?.lines.push(line)
  }
  if (echoed.length > 0) return echoed
  // Without echoes a loop over the devices is all there can be; they were asked in order.
  const looped: Block[] = []
  for (const line of lines) {
    if (FIRST_KEY.test(line) || looped.length === 0) looped.push({ lines: [] })
    looped.at(-1)?.lines.push(line)
  }
  const [first, ...rest] = looped
  const hasPreface = first && rest.length > 0 && !FIRST_KEY.test(first.lines.find((line) => line.trim() !== '') ?? '')
  return hasPreface ? rest : looped
}

/** A device that answered nothing has no address. */
function answerOf({ lines }: Block, locale: Locale): Parsed {
  if (lines.every((line) => line.trim() === '')) return { ip: null }
  return parseHccnAnswer(lines, locale) ?? {}
}
