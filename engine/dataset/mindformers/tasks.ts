import path from 'node:path'
import type { ConvertAlpacaSpec } from '../../protocol/dataset-merge-tasks.ts'
import type { MindRecordSpec } from '../../protocol/tasks.ts'
import type { Task } from '../../tasks/context.ts'
import { rejectedPath } from '../indexed/format.ts'
import { convertAlpaca } from './convert-alpaca.ts'
import { writeMindRecord } from './run.ts'

const conversion = { en: 'Converting rows', 'zh-CN': '正在转换数据' }
const phase = { en: 'Encoding rows', 'zh-CN': '正在编码数据' }

/** The task `dataset.mindrecord`: raw rows to MindRecord as MindFormers' preprocessors write it, with a passport. */
export const mindRecordDataset: Task<MindRecordSpec> = async (spec, context) => {
  const output = path.resolve(spec.output)
  const passport = await writeMindRecord(spec, {
    signal: context.signal,
    note: ({ en }) => context.log(en),
    advance(done, total, { rows, tokens }) {
      const also = [
        { unit: 'rows' as const, done: rows },
        { unit: 'tokens' as const, done: tokens },
      ]
      context.progress({ phase, done, total, unit: 'bytes', also })
    },
  })
  const rejected = Object.entries(passport.rejected)
  for (const [reason, count] of rejected) context.log(`Set aside: ${count} rows (${reason})`)
  if (rejected.length > 0) context.log(`They are in ${rejectedPath(output)}`)
  if (passport.samples === 0) context.log('No sample came out: there is too little data for the sequence length.')
  context.log(`Transformed ${passport.samples} records.`)
  context.log(`Transform finished, output files refer: ${spec.output}${spec.shards > 1 ? '0' : ''}`)
  context.artifact({ kind: 'dataset', path: output, passport })
  return { output, passport }
}

/** The task `dataset.conversations`: alpaca rows as the conversations that MindFormers' preprocessors read. */
export const convertAlpacaTask: Task<ConvertAlpacaSpec> = async (spec, context) => {
  const output = path.resolve(spec.output)
  const rows = await convertAlpaca({ ...spec, output }, context.signal, (done, total) =>
    context.progress({ phase: conversion, done, total, unit: 'bytes' }),
  )
  context.log(`Converted ${rows} rows: ${output}`)
  return { output, rows }
}
