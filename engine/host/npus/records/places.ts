import { join } from 'node:path'
import { stateDir } from '../../dirs.ts'

/** Where the samples of this host are kept. */
export const recordsDir = (): string => join(stateDir(), 'npu-records')

/** A file that is there as long as recording is wanted; the job ends when it is gone. */
export const wantedMark = (): string => join(recordsDir(), 'wanted.json')
