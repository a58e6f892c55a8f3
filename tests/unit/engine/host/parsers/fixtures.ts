import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../../../fixtures/host')

/** Says where a text comes from, or is wording. */
const ASIDE = new Set(['source', 'fidelity', 'note', 'damaged', 'meaning', 'cause', 'remedy', 'message'])

export interface HostFixture {
  name: string
  folder: string
  text: string
  expected: Record<string, unknown>
}

/** Every saved output with what a correct reader returns for it. */
export function hostFixtures(): HostFixture[] {
  return readdirSync(ROOT).flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((file) => existsSync(join(ROOT, folder, file.replace(/\.json$/, '.txt'))) && file.endsWith('.json'))
      .map((file) => {
        const path = join(ROOT, folder, file)
        return {
          name: `${folder}/${file.replace('.json', '')}`,
          folder,
          text: readFileSync(path.replace(/\.json$/, '.txt'), 'utf8'),
          expected: JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>,
        }
      }),
  )
}

/** The fields that are compared. */
export const compared = (expected: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(expected).filter(([key]) => !ASIDE.has(key)))
