import type { DoctorGroup, DoctorItem, DoctorReport, DoctorVerdict } from './doctor.ts'
import type { Locale, Text } from './text.ts'

/** The groups in the order they are read. */
export const doctorGroups: Readonly<Record<DoctorGroup, Text>> = {
  system: { en: 'System', 'zh-CN': '系统' },
  npu: { en: 'NPUs, driver, firmware', 'zh-CN': 'NPU、驱动与固件' },
  cann: { en: 'CANN', 'zh-CN': 'CANN' },
  containers: { en: 'Containers', 'zh-CN': '容器' },
  python: { en: 'Python', 'zh-CN': 'Python' },
  network: { en: 'Network', 'zh-CN': '网络' },
}

const VERDICTS: Readonly<Record<DoctorVerdict, Text>> = {
  ok: { en: 'ok', 'zh-CN': '正常' },
  note: { en: 'note', 'zh-CN': '提示' },
  warning: { en: 'WARNING', 'zh-CN': '警告' },
  error: { en: 'ERROR', 'zh-CN': '错误' },
  unknown: { en: 'unknown', 'zh-CN': '未知' },
}

/** A report as Markdown for a bug report: one table per group, then what is wrong with its remedy. */
export function reportMarkdown({ at, hostname, container, items }: DoctorReport, locale: Locale): string {
  const title = container === null ? hostname : `${hostname} / ${container}`
  const lines = [`# ${title}`, '', new Date(at).toISOString()]
  for (const [group, name] of Object.entries(doctorGroups)) {
    const found = items.filter((item) => item.group === group)
    if (found.length === 0) continue
    lines.push('', `## ${name[locale]}`, '', '| | | | |', '| --- | --- | --- | --- |')
    lines.push(...found.map((item) => row(item, locale)))
  }
  return `${lines.join('\n')}\n`
}

function row({ title, verdict, value, reason, remedy, command }: DoctorItem, locale: Locale): string {
  const words = [reason?.[locale], remedy?.[locale]].filter((part) => part !== undefined).join(' ')
  const cells = [title[locale], VERDICTS[verdict][locale], [value, words].filter(Boolean).join(': '), `\`${command}\``]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
}
