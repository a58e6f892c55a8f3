import type { Locale } from '../../../protocol/text.ts'
import { shortLines } from '../lines.ts'
import { firstOf, type Parsed } from '../result.ts'
import { parseDockerError } from './errors.ts'
import { parseDockerInfo, parseDockerVersion } from './info.ts'
import { parseDaemonJson, parseInspect } from './json.ts'
import { parseDeviceNodes, parseListing } from './listings.ts'

const JSON_FILES = [parseInspect, parseDaemonJson]
const TEXTS = [parseListing, parseDockerInfo, parseDockerVersion, parseDeviceNodes, parseDockerError]

/** Outputs of docker, its configuration, the device nodes, and the log of the Ascend runtime. */
export const parseDocker = (lines: string[], locale: Locale): Parsed | null =>
  firstOf(JSON_FILES, lines, locale) ?? firstOf(TEXTS, shortLines(lines), locale)
