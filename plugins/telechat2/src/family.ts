import { defineFamily, familySizes, text } from '#plugin-api'
import { mindRecord, rows } from './data/panels.ts'
import { convert, split, check, mergeRanks, sizes, mergeLora } from './weights.ts'
import { download } from './download.ts'
import { container, docker, driver, image, sources } from './setup.ts'

/** The manifest of the TeleChat2 family. */
export const family = defineFamily({
  id: 'telechat2',
  version: '1.0.0',
  name: text('TeleChat2', '星辰 TeleChat2'),
  description: text(
    'Weights and data of TeleChat2 from 3B to 115B, for its own MindFormers.',
    'TeleChat2（3B 至 115B）的权重与数据，用于其自带的 MindFormers。',
  ),
  frameworks: { mindformers: 'telechat2' },
  capabilities: ['plan', 'host.facts'],
  family: { id: 'telechat2', name: 'TeleChat2', sizes: familySizes(sizes) },
  panels: [
    driver.panel,
    docker.panel,
    image.panel,
    container.panel,
    sources.panel,
    download.panel,
    convert.panel,
    split.panel,
    mergeRanks.panel,
    mergeLora.panel,
    check.panel,
    mindRecord.panel,
    rows.panel,
  ],
  recipes: [],
  tour: [],
})
