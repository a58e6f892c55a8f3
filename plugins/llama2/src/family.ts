import { defineFamily, text } from '#plugin-api'
import { mergeDatasets, mindRecord, preprocess, rows } from './data/panels.ts'
import { inferForm } from './infer/form.ts'
import { recipes } from './recipes.ts'
import { sampleForm } from './sample/form.ts'
import { familySizes } from './sizes.ts'
import { tour } from './tour.ts'
import { trainForm } from './train/form.ts'
import { convert, split, check, mergeRanks, mergeLora } from './weights.ts'
import { download } from './download.ts'
import { container, docker, driver, image, sources } from './setup.ts'

/** The manifest of the Llama 2 family. */
export const family = defineFamily({
  id: 'llama2',
  version: '1.0.0',
  name: text('Llama 2', 'Llama 2'),
  description: text(
    'Convert, prepare, fine-tune and try Llama 2 models: 7B, 13B, 70B and a tiny sample.',
    '转换、预处理、微调并试用 Llama 2 模型：7B、13B、70B 以及微型示例。',
  ),
  frameworks: { 'mindspeed-llm': '1.0.0' },
  capabilities: ['plan', 'host.facts'],
  family: { id: 'llama2', name: 'Llama 2', sizes: familySizes },
  panels: [
    driver.panel,
    docker.panel,
    image.panel,
    container.panel,
    sources.panel,
    {
      id: 'sample',
      stage: 'download',
      title: text('Sample model', '示例模型'),
      summary: text(
        'Makes a tiny Hugging Face checkpoint to try every step with.',
        '生成微型 Hugging Face 权重，用于体验各步骤。',
      ),
      plan: 'planSample',
      form: sampleForm,
    },
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
    {
      id: 'train',
      stage: 'train',
      title: text('Fine-tune', '微调'),
      summary: text(
        'Full tuning or LoRA, on this host or as the launch script for Ascend NPUs.',
        '全参微调或 LoRA，可在本机运行，也可生成昇腾 NPU 的启动脚本。',
      ),
      plan: 'planTrain',
      form: trainForm,
    },
    {
      id: 'infer',
      stage: 'infer',
      title: text('Generate', '推理'),
      summary: text('Answers prompts and measures the perplexity of a dataset.', '回答提示，并计算数据集上的困惑度。'),
      plan: 'planInfer',
      form: inferForm,
    },
  ],
  recipes,
  tour,
})
