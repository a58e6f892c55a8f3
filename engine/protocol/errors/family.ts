import type { Text } from '../text.ts'

export const familyErrors = {
  'family.definitionInvalid': {
    en: 'The family definition {file} is not valid at {field}: {reason}. It has to be corrected by its maker.',
    'zh-CN': '模型系列定义 {file} 在 {field} 处无效：{reason}。需要由作者更正。',
  },
  'family.definitionTaken': {
    en: 'The family {family} cannot be added: {name} belongs to the family {other}, which comes with the workbench or is there already. Give it an id and architectures of its own.',
    'zh-CN':
      '无法添加模型系列 {family}：{name} 已属于系列 {other}（随工作台提供，或已添加）。请使用独有的 id 与结构名。',
  },
  'family.definitionMissing': {
    en: 'There is no added family {family}. Added are: {known}.',
    'zh-CN': '没有已添加的模型系列 {family}。已添加：{known}。',
  },
  'family.definitionCount': {
    en: 'There are {count} added families, the most that there can be. Remove one first.',
    'zh-CN': '已添加 {count} 个模型系列，达到上限。请先移除一个。',
  },
} as const satisfies Record<string, Text>
