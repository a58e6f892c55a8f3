import type { Parser } from '../result.ts'

/** `ls -l /dev/...`: who may open the device nodes. */
export const parseDeviceNodes: Parser = (lines) => {
  const nodes = lines.flatMap((line) => {
    const found = /^\s*([bcl][rwxsStT-]{9})[.+@]?\s+\d+\s+(\S+)\s+(\S+)\s+\d+,\s*\d+\s+.*?(\/?[\w./-]+)\s*$/.exec(line)
    return found ? [{ path: found[4], mode: found[1], owner: found[2], group: found[3] }] : []
  })
  const missing = lines.flatMap((line) => /cannot access '?([^':]+)'?:/.exec(line)?.[1] ?? [])
  if (nodes.length === 0 && missing.length === 0) return null
  return { nodes, ...(missing.length > 0 ? { missing } : {}) }
}

/** `docker ps`, `docker images`: columns stand where their headings do. */
export const parseListing: Parser = (lines) => {
  const at = lines.findIndex((line) => /^(?:CONTAINER ID\s+IMAGE|REPOSITORY\s+TAG)\b/.test(line))
  if (at < 0) return null
  const header = lines[at] ?? ''
  const columns = [...header.matchAll(/\S+(?: \S+)*/g)].map((found) => ({ name: camel(found[0]), from: found.index }))
  const rows = lines
    .slice(at + 1)
    .filter((line) => line.trim() !== '')
    .map((line) =>
      Object.fromEntries(
        columns.map(({ name, from }, index) => [name, line.slice(from, columns[index + 1]?.from).trim()]),
      ),
    )
  return header.startsWith('CONTAINER') ? { containers: rows } : { images: rows }
}

const camel = (heading: string): string =>
  heading.toLowerCase().replaceAll(/ (\w)/g, (_, letter: string) => letter.toUpperCase())
