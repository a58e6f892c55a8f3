import { defineFamily, familySizes, text } from '#plugin-api'
import { mergeDatasets, mindRecord, preprocess, rows } from './data/panels.ts'
import { convert, split, check, mergeRanks, mergeLora, sizes } from './weights.ts'
import { download } from './download.ts'
import { container, docker, driver, image, sources } from './setup.ts'

/** The manifest of the Qwen1.5 family. */
export const family = defineFamily({
  id: 'qwen1.5',
  version: '1.0.0',
  name: text('Qwen1.5', 'Qwen1.5'),
  description: text(
    'Weights and data of Qwen1.5 from 0.5B to 72B, for MindSpeed-LLM and MindFormers.',
    'Qwen1.5（0.5B 至 72B）的权重与数据，用于 MindSpeed-LLM 与 MindFormers。',
  ),
  frameworks: { 'mindspeed-llm': '1.0.0', mindformers: 'r1.0.a' },
  capabilities: ['plan', 'host.facts'],
  family: { id: 'qwen1.5', name: 'Qwen1.5', sizes: familySizes(sizes) },
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
    preprocess.panel,
    mindRecord.panel,
    mergeDatasets.panel,
    rows.panel,
  ],
  recipes: [],
  tour: [],
})
