import { mergeDatasetsPanel, mindRecordPanel, preprocessPanel } from '#plugin-api'

/** For MindFormers, as the guide has it: messages in ChatML. */
export const mindRecord = mindRecordPanel({ kinds: ['chatml'], seqLength: 2048 })

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
