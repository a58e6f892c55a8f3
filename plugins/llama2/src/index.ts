/** The plugin's script: the plan functions that the manifest's panels name. */
export { family } from './family.ts'
export { planConvert } from './convert/plan.ts'
export { planInfer } from './infer/plan.ts'
export { planPreprocess } from './preprocess/plan.ts'
export { planSample } from './sample/plan.ts'
export { planTrain } from './train/plan.ts'
