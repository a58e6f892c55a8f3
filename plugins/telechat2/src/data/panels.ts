import { mindRecordPanel, rowsPanel } from '#plugin-api'

/** Single and multi-turn dialogs with and without tools, and the rows of input and output of the later script. */
export const mindRecord = mindRecordPanel({ kinds: ['telechat'], seqLength: 8192 })

export const rows = rowsPanel()
