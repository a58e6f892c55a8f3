import type { Command } from 'commander'
import { addCommand, examples, type Outcome } from '../options.ts'
import { runHere } from '../run-task.ts'

/** The script of MindSpeed-LLM and ModelLink that `awb` stands in for. */
export const ckptScript = 'convert_ckpt.py'

export function addConvertCkptCommand(program: Command, outcome: Outcome): void {
  addCommand(
    program,
    outcome,
    `${ckptScript} [arguments...]`,
    "MindSpeed-LLM's and ModelLink's script: Hugging Face weights to Megatron shards, back, and between shards",
    (command) =>
      examples(
        command.allowUnknownOption(),
        'awb convert_ckpt.py --model-type GPT --load-model-type hf --save-model-type mg --use-mcore-models \\',
        '    --target-tensor-parallel-size 8 --load-dir ./llama-2-7b-hf --save-dir ./llama-2-7b-mcore \\',
        '    --tokenizer-model ./llama-2-7b-hf/tokenizer.model',
      ),
    async (session, args) => {
      const { parseConvertCkpt } = await import('./convert-ckpt-request.ts')
      const [script] = args.filter((argument) => argument.startsWith('--script='))
      const own = args.filter((argument) => argument !== script)
      const request = parseConvertCkpt(own, script?.slice('--script='.length))
      const { convertCkpt } = await import('../../checkpoint/convert-ckpt.ts')
      const { loadDir, saveDir, lora } = request
      const resolved = {
        ...request,
        loadDir: session.path(loadDir),
        saveDir: session.path(saveDir),
        ...(lora === undefined ? {} : { lora: { ...lora, path: session.path(lora.path) } }),
      }
      await runHere(session, (context) => convertCkpt(resolved, context))
    },
  )
}
