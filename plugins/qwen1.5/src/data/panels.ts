import { mergeDatasetsPanel, mindRecordPanel, preprocessPanel, rowsPanel } from '#plugin-api'

/** For MindFormers: messages in ChatML as the guide has it, WikiText to pretrain and evaluate. */
export const mindRecord = mindRecordPanel({ kinds: ['chatml', 'wiki'], seqLength: 2048, hasMerges: true })

/** For MindSpeed-LLM. */
export const preprocess = preprocessPanel({
  templates: ['qwen', 'chatml', 'default', 'alpaca', 'empty'],
  kinds: [
    'alpaca',
    'sharegpt',
    'openai',
    'alpaca-pairwise',
    'sharegpt-pairwise',
    'pretrain',
    'alpaca-pretrain',
    'general',
  ],
})

export const mergeDatasets = mergeDatasetsPanel()

export const rows = rowsPanel()
