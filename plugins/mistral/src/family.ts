import { defineFamily, familySizes, text } from '#plugin-api'
import { mergeDatasets, preprocess, rows } from './data/panels.ts'
import { convert, check, mergeLora, sizes } from './weights.ts'
import { download } from './download.ts'
import { container, docker, driver, image, sources } from './setup.ts'

/** The manifest of the Mistral family. */
export const family = defineFamily({
  id: 'mistral',
  version: '1.0.0',
  name: text('Mistral', 'Mistral'),
  description: text(
    'Weights and data of Mistral 7B for MindSpeed-LLM and ModelLink.',
    'Mistral 7B 的权重与数据，用于 MindSpeed-LLM 与 ModelLink。',
  ),
  frameworks: { modellink: '1.1', 'mindspeed-llm': '1.0.0' },
  capabilities: ['plan', 'host.facts'],
  family: { id: 'mistral', name: 'Mistral', sizes: familySizes(sizes) },
  panels: [
    driver.panel,
    docker.panel,
    image.panel,
    container.panel,
    sources.panel,
    download.panel,
    convert.panel,
    mergeLora.panel,
    check.panel,
    preprocess.panel,
    mergeDatasets.panel,
    rows.panel,
  ],
  recipes: [],
  tour: [],
})
