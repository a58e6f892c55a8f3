import type { Command } from 'commander'
import { HubStyle, type HubDownloadSpec } from '../../protocol/hub-tasks.ts'
import { addCommand, choice, examples, integer, list, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'

interface DownloadOptions {
  hub: HubStyle
  revision?: string
  endpoint?: string
  include?: string[]
  exclude?: string[]
  proxy?: string
  relay?: boolean
  parallel: number
}

/** `awb checkpoint download` and `awb dataset download`: the parent says what the repository is. */
export function addDownloadCommand(parent: Command, outcome: Outcome, kind: HubDownloadSpec['kind']): void {
  const [area, example] = kind === 'model' ? ['checkpoint', 'Qwen/Qwen1.5-7B'] : ['dataset', 'tatsu-lab/alpaca']
  addCommand<DownloadOptions>(
    parent,
    outcome,
    'download <repository> <output>',
    `bring a repository of a ${kind} from a hub; the same command again goes on where it was`,
    (command) =>
      examples(
        command
          .addOption(choice('--hub <style>', 'whose web interface', HubStyle.options).default('huggingface'))
          .option('--revision <name>', 'branch, tag or commit (default: the main branch)')
          .option('--endpoint <url>', 'address of a mirror (default: HF_ENDPOINT or MODELSCOPE_ENDPOINT, else the hub)')
          .option('--include <patterns>', 'only files that fit: *.safetensors,*.json', list)
          .option('--exclude <patterns>', 'no files that fit: *.bin', list)
          .option('--proxy <url>', 'HTTP proxy (default: https_proxy, http_proxy, no_proxy)')
          .option('--relay', 'ask through the workbench that is connected to this host')
          .option('--parallel <n>', 'connections at a time', integer(1), 4),
        `awb ${area} download ${example} ./${example.split('/')[1] ?? ''}`,
        `awb ${area} download ${example} ./${example.split('/')[1] ?? ''} --hub modelscope`,
        `awb ${area} download https://server/file ./folder --hub address`,
      ),
    async (session, [repository = '', output = ''], { parallel, ...options }) => {
      const spec = { ...options, kind, repository, output: session.path(output), parallel }
      await runTaskHere(session, 'hub.download', spec)
    },
  )
}
