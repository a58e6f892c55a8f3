import { gzipSync } from 'node:zlib'
import { pack, type Header } from 'tar-stream'
import type { Manifest } from '#engine/protocol/panel.ts'
import { defineFamily, defineForm, group, text, textField } from '#plugin-api'

const words = text('Title', '标题')

/** A valid manifest of a plugin with one panel. */
export function manifestFor(id: string, version = '1.0.0'): Manifest {
  const form = defineForm(group('a', words, { name: textField({ title: words }) }))
  return defineFamily({
    id,
    version,
    name: words,
    description: words,
    frameworks: {},
    capabilities: ['plan', 'host.facts'],
    family: { id, name: id, sizes: [] },
    panels: [{ id: 'panel', stage: 'convert', title: words, summary: words, plan: 'makePlan', form }],
    recipes: [],
    tour: [],
  })
}

export const goodScript = `export const makePlan = (input) => ({
  title: { en: 'Plan for ' + input.values.name, 'zh-CN': '计划' },
  findings: [], files: [], steps: [], outputs: [],
})`

export type Entry = Partial<Header> & { readonly name: string } & { readonly content?: string | Buffer }

/** A `.tgz` of any entries, as hostile as they come. */
export async function archiveOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack()
  for (const { content = '', ...header } of entries) tar.entry(header, content)
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar) chunks.push(chunk as Buffer)
  return gzipSync(Buffer.concat(chunks))
}

/** A plugin's archive as the build makes it. */
export const pluginArchive = (manifest: unknown, script = goodScript): Promise<Buffer> =>
  archiveOf([
    { name: 'manifest.json', content: JSON.stringify(manifest) },
    { name: 'plugin.js', content: script },
  ])
