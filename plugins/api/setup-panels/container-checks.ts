import { comment, shellQuote } from '../shell.ts'
import type { FrameworkCheck } from './container-family.ts'
import { dockerClient, scriptHead, scriptText } from './script.ts'

interface Check {
  readonly python: string
  /** What the output says where it went well: some of these end with 0 after a failure, too. */
  readonly success: string
}

/** Python that lets a framework compute on an NPU. */
export const frameworkTests: Readonly<Record<FrameworkCheck, Check>> = {
  mindspore: {
    python: "import mindspore; mindspore.set_context(device_target='Ascend'); mindspore.run_check()",
    success: 'successfully',
  },
  mindformers: { python: 'import mindformers; mindformers.run_check()', success: 'All checks passed' },
  torch_npu: {
    python:
      "import torch, torch_npu; x = torch.ones(64, 64).npu(); assert (x @ x).cpu().eq(64).all(); print('torch_npu', torch_npu.__version__, 'computes on', torch.npu.device_count(), 'NPUs')",
    success: 'computes on',
  },
}

interface Verification {
  readonly name: string
  readonly hasNpus: boolean
  readonly checks: readonly FrameworkCheck[]
  readonly cannEnv: string
  readonly pythonPath: string
}

/** Asks the NPUs and the frameworks inside the container; null where there is nothing to ask. */
export function verifyScript({ name, hasNpus, checks: chosen, cannEnv, pythonPath }: Verification): string | null {
  if (!hasNpus) return null
  return scriptText(
    scriptHead(`Verify the container ${name}`),
    dockerClient,
    [`name=${shellQuote(name)}`, ''],
    [
      'output=$(docker_cli exec "$name" npu-smi info 2>&1) || fail "npu-smi failed inside $name: $output"',
      `printf '%s\\n' "$output"`,
      comment('npu-smi may end with 0 although the management library did not start'),
      'case "$output" in',
      '  *"ret is -80"*) fail "npu-smi cannot reach the NPUs inside $name." ;;',
      'esac',
    ],
    chosen.length === 0 ? [] : ['', ...inside(cannEnv, pythonPath)],
    chosen.flatMap((check) => {
      const { python, success } = frameworkTests[check]
      return [`inside ${check} ${shellQuote(success)} ${shellQuote(python)}`]
    }),
  )
}

const inside = (cannEnv: string, pythonPath: string): string[] => [
  comment('inside NAME SUCCESS PYTHON: runs it in the container, and looks for the text that says success'),
  'inside() {',
  '  local output',
  `  echo "== $1"`,
  '  if ! output=$(docker_cli exec "$name" /bin/bash -c \\',
  `    ${shellQuote(`source "$1" || exit 1; ${pythonPath === '' ? '' : 'export PYTHONPATH="$3:${PYTHONPATH:-}"; '}exec python -c "$2"`)} \\`,
  `    bash ${shellQuote(cannEnv)} "$3"${pythonPath === '' ? '' : ` ${shellQuote(pythonPath)}`} 2>&1); then`,
  `    printf '%s\\n' "$output"`,
  '    fail "The check of $1 failed."',
  '  fi',
  `  printf '%s\\n' "$output"`,
  '  case "$output" in',
  '    *"$2"*) ;;',
  '    *) fail "The check of $1 did not say: $2" ;;',
  '  esac',
  '}',
]
