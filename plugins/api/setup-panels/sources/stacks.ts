import { plain, text } from '../../text.ts'
import type { Source, SourceStack } from './source-family.ts'

/** Imported by CANN's own Python parts, which no list of the frameworks names. */
const cannPackages = ['attrs', 'decorator', 'psutil', 'scipy', 'sympy']

const workFolders = ['logs', 'model_from_hf', 'dataset', 'ckpt']

/** A stack of torch_npu, Megatron and MindSpeed; `into` is the repository of the models. */
const megatronStack = (models: Source, mindspeed: string) => ({
  python: '3.8',
  sources: [
    {
      name: 'Megatron-LM',
      url: 'https://github.com/NVIDIA/Megatron-LM.git',
      revision: 'core_r0.6.0',
      copied: { folder: 'megatron', into: models.name },
    },
    {
      name: 'MindSpeed',
      url: 'https://gitee.com/ascend/MindSpeed.git',
      revision: mindspeed,
      requirements: 'requirements.txt',
      isInstalled: true,
    },
    { ...models, requirements: 'requirements.txt', pythonPath: '', folders: workFolders },
  ],
  wheels: ['apex'],
  checks: ['imports', 'torch_npu'] as const,
})

/** MindSpeed-LLM 1.0.0 as its guide installs it. */
export const mindSpeedLlm: SourceStack = {
  ...megatronStack(
    { name: 'MindSpeed-LLM', url: 'https://gitee.com/ascend/MindSpeed-LLM.git', revision: '1.0.0' },
    '969686ff',
  ),
  label: plain('MindSpeed-LLM 1.0.0'),
  folder: 'mindspeed-llm-1.0.0',
  needs: text('Needs CANN 8.0 with its kernels and NNAL.', '需要 CANN 8.0 及其算子包与 NNAL。'),
  packages: ['torch==2.1.0', 'torch_npu==2.1.0.*', 'torchvision==0.16.0', ...cannPackages],
  modules: ['torch_npu', 'mindspeed', 'megatron.core', 'mindspeed_llm'],
}

/** ModelLink 1.1, which the guide of Mistral uses; MindSpeed-LLM grew out of it. */
export const modelLink: SourceStack = {
  ...megatronStack({ name: 'ModelLink', url: 'https://gitee.com/ascend/ModelLink.git', revision: '1.1' }, '2b0edd2'),
  label: plain('ModelLink 1.1'),
  folder: 'modellink-1.1',
  needs: text('Needs CANN 8.0 with its kernels.', '需要 CANN 8.0 及其算子包。'),
  packages: ['torch==2.1.0', 'torch_npu==2.1.0.*', ...cannPackages],
  modules: ['torch_npu', 'mindspeed', 'megatron.core', 'modellink'],
}

/** MindFormers of a release, with the MindSpore that goes with it. */
export const mindFormers = (release: {
  readonly label: string
  readonly folder: string
  readonly revision: string
  readonly mindspore: string
  readonly cann: string
  readonly python: string
  /** Its own tree, where it is part of another repository. */
  readonly tree?: { readonly name: string; readonly url: string; readonly path: string }
  readonly more?: readonly Source[]
  /** Early releases have no `mindformers.run_check`. */
  readonly hasRunCheck?: boolean
}): SourceStack => {
  const { label, folder, revision, mindspore, cann, python, tree, more = [], hasRunCheck = false } = release
  return {
    label: plain(label),
    folder,
    needs: text(
      `Needs CANN ${cann} with its kernels, for MindSpore ${mindspore}.`,
      `需要 CANN ${cann} 及其算子包，配套 MindSpore ${mindspore}。`,
    ),
    python,
    sources: [
      {
        name: tree?.name ?? 'mindformers',
        url: tree?.url ?? 'https://gitee.com/mindspore/mindformers.git',
        revision,
        requirements: tree === undefined ? 'requirements.txt' : `${tree.path}/requirements.txt`,
        pythonPath: tree?.path ?? '',
      },
      ...more,
    ],
    packages: [`mindspore==${mindspore}`, ...cannPackages],
    wheels: [],
    modules: ['mindspore', 'mindformers'],
    checks: hasRunCheck ? ['imports', 'mindspore', 'mindformers'] : ['imports', 'mindspore'],
  }
}
