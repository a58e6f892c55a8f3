import type { Locale, Text } from '../../../protocol/text.ts'
import { type Parsed, type Parser, say } from '../result.ts'

interface Failure {
  pattern: RegExp
  cause: Text
  remedy: Text
}

const text = (en: string, zh: string): Text => ({ en, 'zh-CN': zh })

/** Why installers of driver and firmware stop, most telling first. */
const FAILURES: readonly Failure[] = [
  {
    pattern: /0x0091|HwHiAiUser not exists/i,
    cause: text('User and group HwHiAiUser do not exist.', '用户和用户组 HwHiAiUser 不存在。'),
    remedy: text('Create group and user HwHiAiUser, then install again.', '创建用户组和用户 HwHiAiUser 后重新安装。'),
  },
  {
    pattern: /0x0093|not\s+(?:the )?root|root (?:user|permission)/i,
    cause: text('The installer was not started as root.', '安装程序不是以 root 启动的。'),
    remedy: text('Start it as root.', '请以 root 运行。'),
  },
  {
    pattern: /0x0094|another (?:install|process)|is (?:already )?(?:running|installing)/i,
    cause: text('Another installation is running.', '另一个安装正在进行。'),
    remedy: text('Wait for it to end, then install again.', '等待其结束后重新安装。'),
  },
  {
    pattern: /0x0095/i,
    cause: text('The owner differs from the last installation.', '属主与上次安装不同。'),
    remedy: text('Give the same --install-username, or uninstall first.', '使用相同的 --install-username，或先卸载。'),
  },
  {
    pattern: /MIN.{0,3}(?:重定义|redefined)|(?:重定义|redefined).*-Werror|ALIGN_DOWN/i,
    cause: text(
      'The kernel is newer than the driver source supports: it defines the same macros now.',
      '内核比驱动源码支持的更新：内核现在定义了同名宏。',
    ),
    remedy: text(
      'Use a driver release that lists this kernel, or a supported kernel.',
      '使用支持该内核的驱动版本，或更换受支持的内核。',
    ),
  },
  {
    pattern: /missing tools|ifconfig.*(?:missing|not found)/i,
    cause: text('Tools that the installer needs are missing.', '缺少安装程序所需的工具。'),
    remedy: text('Install pciutils and net-tools.', '安装 pciutils 和 net-tools。'),
  },
  {
    pattern: /dkms_env_check failed|Driver_ko_install failed|kernel[- ](?:devel|headers|source)/i,
    cause: text('Compiler or headers of the running kernel are missing.', '缺少编译器或当前内核的头文件。'),
    remedy: text(
      'Install dkms, gcc, make and kernel-devel (linux-headers) of exactly `uname -r`.',
      '安装 dkms、gcc、make，以及与 `uname -r` 完全一致的 kernel-devel（linux-headers）。',
    ),
  },
  {
    pattern: /davinci nodes are occupied|device.*occupied/i,
    cause: text('Processes are using the cards.', '有进程正在使用这些卡。'),
    remedy: text(
      'End them (`fuser /dev/davinci*`), then install again.',
      '结束这些进程（`fuser /dev/davinci*`）后重新安装。',
    ),
  },
  {
    pattern: /Arch mismatch/i,
    cause: text('The package is for another architecture.', '安装包的架构不符。'),
    remedy: text('Take the package for what `uname -m` says.', '使用与 `uname -m` 一致的安装包。'),
  },
  {
    pattern: /Extraction failed|Decompression failed/i,
    cause: text(
      'The package could not unpack itself; usually tar or gzip is missing.',
      '安装包无法自解压，通常是缺少 tar 或 gzip。',
    ),
    remedy: text('Install tar and gzip, check free space.', '安装 tar 和 gzip，并检查磁盘空间。'),
  },
  {
    pattern: /checksum.*(?:fail|error|not match|different)/i,
    cause: text('The package is damaged.', '安装包已损坏。'),
    remedy: text('Upload it again and run it with --check.', '重新上传，并用 --check 检查。'),
  },
]

const DONE = /\b(?:un)?installed successfully/i
const UPGRADED = /successfully upgraded/i
const BROKEN = /ERR_NO:|\[ERROR\]|\bfailed\b|错误|\berror:|Arch mismatch|missing tools|occupied by/i

/** What a run of the driver's or the firmware's installer came to; also a piece of its log, or of the build's. */
export const parseInstallLog: Parser = (lines, locale) => {
  const log = lines.join('\n')
  const checked = parseCheck(log)
  if (checked) return checked
  if (
    !/\[(?:Driver|Firmware)\]|ERR_NO:|davinci_ascend|upgradePercentage|(?:Driver|Firmware) package|-npu-(?:driver|firmware)_|Arch mismatch|missing tools|davinci nodes/i.test(
      log,
    )
  )
    return null
  const isDone = DONE.test(log) || (UPGRADED.test(log) && !BROKEN.test(log))
  const result: Parsed = {
    component: componentOf(log),
    result: isDone ? 'success' : BROKEN.test(log) ? 'failure' : 'running',
  }
  if (/uninstalled successfully/i.test(log)) result.action = 'uninstall'
  if (isDone) result.rebootRequired = /Reboot (?:needed|now|required)/i.test(log)
  set(result, 'chips', numberIn(/firmware of \[(\d+)\] chips/i, log))
  set(result, 'percent', last(log, /upgradePercentage:\s*(\d+)%/gi))
  set(result, 'installType', /driver install type:\s*(\w+)/i.exec(log)?.[1])
  const owner = /set username and usergroup,\s*([\w.-]+):([\w.-]+)/i.exec(log)
  set(result, 'user', owner?.[1])
  set(result, 'group', owner?.[2])
  set(result, 'durationSeconds', duration(log))
  if (!isDone) explain(result, log, locale)
  return result
}

/** `--check` changes nothing; it says whether the package is whole. */
function parseCheck(log: string): Parsed | null {
  if (!/SHA256 checksums are OK/i.test(log) || /\[(?:Driver|Firmware)\]|ERR_NO/i.test(log)) return null
  const isBroken = /\bfailed\b|\[ERROR\]|Arch mismatch|missing tools/i.test(log)
  return isBroken ? null : { component: componentOf(log), result: 'success', action: 'check' }
}

function explain(result: Parsed, log: string, locale: Locale): void {
  set(result, 'errNo', /ERR_NO:\s*(0x[\da-f]+)/i.exec(log)?.[1])
  const failure = FAILURES.find(({ pattern }) => pattern.test(log))
  if (!failure) return
  result.cause = say(failure.cause, locale)
  result.remedy = say(failure.remedy, locale)
}

function componentOf(log: string): string | null {
  const named = /\[(Driver|Firmware)\]/i.exec(log)?.[1] ?? /\b(Driver|Firmware) package\b/i.exec(log)?.[1]
  if (named) return named.toLowerCase()
  if (/NPU FIRMWARE|-npu-firmware_/i.test(log)) return 'firmware'
  return /davinci|dkms|NPU DRIVER|-npu-driver_|Driver_/i.test(log) ? 'driver' : null
}

function duration(log: string): number | undefined {
  const [from, to] = ['Start', 'End'].map((word) => {
    const time = new RegExp(`${word} time:\\s*(\\d{4}-\\d\\d-\\d\\d) (\\d\\d:\\d\\d:\\d\\d)`).exec(log)
    return time ? Date.parse(`${time[1]}T${time[2]}Z`) : NaN
  })
  const seconds = ((to ?? NaN) - (from ?? NaN)) / 1000
  return Number.isFinite(seconds) ? seconds : undefined
}

const numberIn = (pattern: RegExp, log: string): number | undefined => {
  const found = pattern.exec(log)?.[1]
  return found === undefined ? undefined : Number(found)
}

const last = (log: string, pattern: RegExp): number | undefined => {
  const found = [...log.matchAll(pattern)].at(-1)?.[1]
  return found === undefined ? undefined : Number(found)
}

function set(result: Parsed, key: string, value: unknown): void {
  if (value !== undefined) result[key] = value
}
