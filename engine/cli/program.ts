import { Command, CommanderError } from 'commander'
import { version } from '../version.ts'
import { addAlpacaConverterCommand, mindFormersScripts } from './commands/alpaca-converter.ts'
import { addCheckpointCommands } from './commands/checkpoint.ts'
import { addConvertCkptCommand, ckptScript } from './commands/convert-ckpt.ts'
import { addConvertWeightCommands, weightScripts } from './commands/convert-weight.ts'
import { addDatasetCommands } from './commands/dataset.ts'
import { addFamilyCommands } from './commands/family.ts'
import { addHcclToolsCommand } from './commands/hccl-tools.ts'
import { addNpuHostCommands } from './commands/host-parse.ts'
import { addHostCommands } from './commands/host.ts'
import { addJobCommands } from './commands/job.ts'
import { addLlamaPreprocessCommand } from './commands/llama-preprocess.ts'
import { addMergeHcclCommands } from './commands/merge-hccl.ts'
import { addMindRecordCommand } from './commands/mindrecord.ts'
import { addPreprocessDataCommand, preprocessDataScript } from './commands/preprocess-data.ts'
import { addQwenPreprocessCommand } from './commands/qwen1-5-preprocess.ts'
import { addReferenceCommands } from './commands/reference.ts'
import { addSquadDataProcessCommand } from './commands/squad-data-process.ts'
import { addTelechatPreprocessCommand } from './commands/telechat-preprocess.ts'
import { withoutInterpreter } from './drop-in-flags.ts'
import { examples, type Outcome } from './options.ts'
import { EXIT } from './session.ts'

/** Scripts that may be named with their folder, behind `python` or not. */
const scripts = [ckptScript, ...weightScripts, preprocessDataScript, ...mindFormersScripts]
const rankTableScripts = ['hccl_tools.py', 'merge_hccl.py']

/** Runs one `awb` command line; answers with the exit code. */
export async function runProgram(args: string[]): Promise<number> {
  // The reader of our output has seen enough (`| head`): no reason to go on, and no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed),
  )
  const outcome: Outcome = { exitCode: EXIT.ok }
  const program = buildProgram(outcome)
  try {
    await program.parseAsync(withoutInterpreter(args, scripts, rankTableScripts), { from: 'user' })
    return outcome.exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
}

/** All commands. Parts that do the work are loaded by the command that needs them. */
export function buildProgram(outcome: Outcome): Command {
  const program = new Command('awb')
    .description('Checkpoints, datasets, the reference runtime and jobs of Ascend Workbench on this machine.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
  examples(
    program,
    'awb checkpoint convert ./llama-2-7b-hf ./llama-2-7b-mcore --to mcore --tp 8 --pp 1',
    'awb dataset preprocess ./alpaca.json ./data/alpaca --tokenizer ./llama-2-7b-hf --template llama2',
    'awb train ./tiny-mcore ./data/alpaca ./tiny-trained --steps 200',
    'awb generate ./tiny-trained "What is an NPU?"',
    'awb job list',
  )
  addCheckpointCommands(program, outcome)
  addConvertCkptCommand(program, outcome)
  addConvertWeightCommands(program, outcome)
  addFamilyCommands(program, outcome)
  addDatasetCommands(program, outcome)
  addPreprocessDataCommand(program, outcome)
  addMindRecordCommand(program, outcome)
  addAlpacaConverterCommand(program, outcome)
  addLlamaPreprocessCommand(program, outcome)
  addSquadDataProcessCommand(program, outcome)
  addQwenPreprocessCommand(program, outcome)
  addTelechatPreprocessCommand(program, outcome)
  addReferenceCommands(program, outcome)
  addJobCommands(program, outcome)
  addHostCommands(program, outcome)
  addNpuHostCommands(program, outcome)
  addHcclToolsCommand(program, outcome)
  addMergeHcclCommands(program, outcome)
  // Listed for whoever looks at the running processes; handled before this program is built.
  program.command('serve', { hidden: true }).description('serve the engine over standard input and output')
  program.command('supervise', { hidden: true }).description('watch over the job in a folder').argument('<folder>')
  program.command('terminal', { hidden: true }).description('keep the terminal of a folder').argument('<folder>')
  program.command('task', { hidden: true }).description('run the task of the job in a folder').argument('<folder>')
  return program
}
