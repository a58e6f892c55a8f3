import { defineForm, folderField, group, text } from '#plugin-api'

export const sampleForm = defineForm(
  group('sample', text('Sample model', '示例模型'), {
    definition: folderField({
      title: text('Definition', '模型定义'),
      help: text(
        'Folder with model.json (shape and seed) and the tokenizer. Empty: the sample that comes with the workbench.',
        '包含 model.json（结构与随机种子）及分词器的目录。留空则使用工作台自带的示例。',
      ),
    }),
    output: folderField({
      title: text('Output folder', '输出目录'),
      help: text('A new folder for the Hugging Face checkpoint.', '存放 Hugging Face 权重的新目录。'),
    }),
  }),
)
