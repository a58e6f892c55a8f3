import type { Finding } from '#engine/protocol/plan.ts'
import type { TaskSpecInput } from '#engine/protocol/tasks.ts'
import { error } from '../findings.ts'
import { countParameters, type ShapeNumbers } from '../rules/model.ts'
import { formatParameters, text } from '../text.ts'

type Logits = Pick<TaskSpecInput<'checkpoint.verify'>, 'logits'>

/** The most prompts that the comparison takes. */
const mostPrompts = 16
/** Weights and cache of the reference runtime have to fit into one WebAssembly memory. */
const mostParameters = 900e6

const promptsIn = (lines: string): string[] => lines.split(/\r?\n/).filter((line) => line.trim() !== '')

/** The part of a comparison that runs both models; prompts are one per line, empty lines do not count. */
export function logitsOf(lines: string, tolerance: number | null): Logits {
  const prompts = promptsIn(lines)
  return {
    logits: {
      ...(prompts.length === 0 ? {} : { prompts: prompts.slice(0, mostPrompts) }),
      ...(tolerance === null ? {} : { tolerance }),
    },
  }
}

/** What keeps both models from being run. */
export function checkLogits(lines: string, numbers: ShapeNumbers | null): Finding[] {
  const findings: Finding[] = []
  const count = promptsIn(lines).length
  if (count > mostPrompts) {
    const message = text(
      `${count} prompts are more than the ${mostPrompts} that are compared.`,
      `提示有 ${count} 条，最多比较 ${mostPrompts} 条。`,
    )
    findings.push(error('logits.prompts', message, 'prompts'))
  }
  const parameters = numbers ? countParameters(numbers) : 0
  if (parameters > mostParameters) {
    const [amount, most] = [formatParameters(parameters), formatParameters(mostParameters)]
    const message = text(
      `The reference runtime runs models of up to ${most} parameters, this one has ${amount}. Comparing the tensors proves the weights.`,
      `参考运行时最多运行 ${most} 参数的模型，该模型有 ${amount}。逐个张量比较即可证明权重一致。`,
    )
    findings.push(error('logits.tooLarge', message, 'logits'))
  }
  return findings
}
