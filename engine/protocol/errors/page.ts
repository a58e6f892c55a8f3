import type { Text } from '../text.ts'

export const pageErrors = {
  'session.refused': {
    en: 'The workbench did not accept this page: its address was used already or belongs to an earlier start. Open the address that the last start printed.',
    'zh-CN': '工作台未接受此页面：该地址已被使用，或属于之前的启动。请打开最近一次启动时输出的地址。',
  },
} as const satisfies Record<string, Text>
