import { mergeDatasetsPanel, preprocessPanel, rowsPanel } from '#plugin-api'

/** The guide's handler comes first, with its end token and the slow tokenizer. */
export const preprocess = preprocessPanel({
  templates: ['mistral', 'mixtral', 'default', 'alpaca', 'empty'],
  kinds: [
    'general',
    'alpaca',
    'sharegpt',
    'openai',
    'alpaca-pairwise',
    'sharegpt-pairwise',
    'pretrain',
    'alpaca-pretrain',
  ],
  appendEod: true,
  slowTokenizer: true,
})

export const mergeDatasets = mergeDatasetsPanel()

export const rows = rowsPanel()
