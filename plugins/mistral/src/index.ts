/** The plugin's script: the plan functions that the manifest's panels name. */
import { mergeDatasets, preprocess, rows } from './data/panels.ts'
import { convert, check, mergeLora } from './weights.ts'
import { download } from './download.ts'
import { container, docker, driver, image, sources } from './setup.ts'

export { family } from './family.ts'

export const planConvert = convert.plan
export const planPreprocess = preprocess.plan
export const planMergeDatasets = mergeDatasets.plan
export const planCheck = check.plan
export const planMergeLora = mergeLora.plan
export const planDownload = download.plan
export const planRows = rows.plan
export const planContainer = container.plan
export const planDriver = driver.plan
export const planDocker = docker.plan
export const planImage = image.plan
export const planSources = sources.plan
