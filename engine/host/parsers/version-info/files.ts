import type { Parser } from '../result.ts'

/** `key=value` files: version.info, install info, version.cfg, os-release. Quotes around values go; the rest stays text. */
export const parseFields: Parser = (lines) => {
  const pairs = lines.flatMap((line) => {
    const found = /^\s*([A-Za-z][\w.-]*)\s*=\s*(.*?)\s*$/.exec(line)
    return found ? [[found[1] ?? '', unquoteValue(found[2] ?? '')] as const] : []
  })
  return pairs.length === 0 ? null : { fields: Object.fromEntries(pairs) }
}

const unquoteValue = (value: string): string => /^(["'])(.*)\1$/.exec(value)?.[2] ?? value

/** `uname -a`; with GNU's tool the machine stands before the name of the system. */
export const parseUname: Parser = (lines) => {
  const line = lines.find((text) => /^\s*Linux\s+\S+\s+\d+\./.test(text))
  if (line === undefined) return null
  const [, hostname = '', kernel = ''] = line.trim().split(/\s+/)
  const arch = [...line.matchAll(/\b(x86_64|aarch64|arm64|riscv64|loongarch64|i686)\b/g)].at(-1)?.[1] ?? null
  return { kernel, arch, hostname }
}

/** Chip family by the PCI device of vendor 19e5. */
const FAMILIES: ReadonlyMap<string, string> = new Map([
  ['d100', '310'],
  ['d500', '310P'],
  ['d105', '310B'],
  ['d801', '910A'],
  ['d802', '910B'],
  ['d803', 'A3'],
  ['d806', '950'],
])

/** `lspci`, plain, with `-n` or with `-nn`: the NPUs on the bus. Other devices of the vendor (display, network) are not. */
export const parseLspci: Parser = (lines) => {
  const devices = lines.flatMap((line) => {
    const place = /^\s*((?:[\da-f]{4,8}:)?[\da-f]{2}:[\da-f]{2}\.[\da-f])\s+(.*)$/i.exec(line)
    if (!place) return []
    const id =
      /\b19e5:([\da-f]{4})\b/i.exec(place[2] ?? '')?.[1] ?? /\bDevice ([\da-f]{4})\b/i.exec(place[2] ?? '')?.[1]
    return [{ busId: place[1] ?? '', id: id?.toLowerCase() ?? '', text: place[2] ?? '' }]
  })
  if (devices.length === 0) return null
  const npus = devices.filter(
    ({ id, text }) => FAMILIES.has(id) || (/Processing accelerators/i.test(text) && /Huawei/i.test(text)),
  )
  const id = npus[0]?.id
  return {
    count: npus.length,
    deviceId: id === undefined || id === '' ? null : id,
    family: FAMILIES.get(id ?? '') ?? null,
    busIds: npus.map(({ busId }) => (busId.length < 10 ? `0000:${busId}` : busId).toUpperCase()),
  }
}

/** The vendor's upgrade tool: the firmware of each component of each device. It prints JSON whose values lack quotes. */
export const parseUpgradeTool: Parser = (lines) => {
  const rows = lines.flatMap((line) => {
    const found =
      /"device_id"\s*:\s*"?(\d+)"?\s*,\s*"component"\s*:\s*"?([\w-]+)"?\s*,\s*"version"\s*:\s*"?([\w.-]+)"?/.exec(line)
    return found ? [{ device: Number(found[1]), component: found[2] ?? '', version: found[3] ?? '' }] : []
  })
  const [first] = rows
  if (!first) return null
  return {
    firmware: first.version,
    components: [...new Set(rows.map(({ component }) => component))],
    devices: [...new Set(rows.map(({ device }) => device))],
    ...(rows.some(({ version }) => version !== first.version) ? { versions: rows } : {}),
  }
}

/** `pip list` or `pip freeze`. */
export const parsePackages: Parser = (lines) => {
  const isList =
    lines.some((line) => /^Package\s+Version/i.test(line)) || lines.some((line) => /^[\w.-]+==\S+$/.test(line))
  if (!isList) return null
  const pairs = lines.flatMap((line) => {
    const found = /^([A-Za-z][\w.-]*)(?:\s+|==)(v?\d[\w.+-]*)(?:\s.*)?$/.exec(line.trim())
    return found ? [[found[1] ?? '', found[2] ?? ''] as const] : []
  })
  return { packages: Object.fromEntries(pairs) }
}
