import { mergeDatasetsPanel, mindRecordPanel, preprocessPanel, rowsPanel } from '#plugin-api'
import { templates } from '../templates.ts'

/** For MindSpeed-LLM. */
export const preprocess = preprocessPanel({
  templates,
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

/** For MindFormers: WikiText to pretrain, Alpaca by way of conversations to fine-tune, SQuAD to evaluate. */
export const mindRecord = mindRecordPanel({ kinds: ['wiki', 'qa', 'squad'], seqLength: 2048 })

export const mergeDatasets = mergeDatasetsPanel()

export const rows = rowsPanel()
