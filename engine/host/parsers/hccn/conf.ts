import type { Parsed } from '../result.ts'

/** What a key of `/etc/hccn.conf` is called in the result; others keep their name, in camel case. */
const NAMES: ReadonlyMap<string, string> = new Map([['address', 'ip']])

/** Lines `name_N=value` of `/etc/hccn.conf`, by device number N. Values stay text. An empty file has no devices. */
export function parseHccnConf(lines: string[]): { devices: ({ device: number } & Parsed)[] } {
  const devices = new Map<number, { device: number } & Parsed>()
  for (const line of lines) {
    const found = /^\s*([A-Za-z]\w*?)_(\d+)\s*=\s*(.*?)\s*$/.exec(line)
    if (!found) continue
    const [, name = '', number = '', value = ''] = found
    const device = Number(number)
    const entry = devices.get(device) ?? { device }
    entry[NAMES.get(name.toLowerCase()) ?? camelCase(name)] = value
    devices.set(device, entry)
  }
  return { devices: [...devices.values()].sort((a, b) => a.device - b.device) }
}

export const isHccnConf = (lines: string[]): boolean => lines.some((line) => /^\s*[A-Za-z]\w*?_\d+\s*=/.test(line))

const camelCase = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
