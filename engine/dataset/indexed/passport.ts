import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'
import { DatasetPassport } from '../../protocol/passport.ts'
import { passportPath } from './format.ts'

/** The passport beside a dataset; null where there is none (made by another program). @throws dataset.passportInvalid */
export async function readPassport(prefix: string): Promise<DatasetPassport | null> {
  const file = passportPath(path.resolve(prefix))
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw new AppError('dataset.passportInvalid', { file }, { cause: error })
  }
  try {
    return DatasetPassport.parse(JSON.parse(text))
  } catch (cause) {
    throw new AppError('dataset.passportInvalid', { file }, { cause })
  }
}
