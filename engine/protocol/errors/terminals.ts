import type { Text } from '../text.ts'

export const terminalErrors = {
  'terminal.unknown': {
    en: 'The terminal {id} has ended. Open another one.',
    'zh-CN': '终端 {id} 已结束。请重新打开。',
  },
  'terminal.failed': {
    en: 'No terminal could be opened: {reason}. The program “script” (package bsdutils or util-linux) has to be on the host.',
    'zh-CN': '无法打开终端：{reason}。主机上需有程序 script（软件包 bsdutils 或 util-linux）。',
  },
} as const satisfies Record<string, Text>
