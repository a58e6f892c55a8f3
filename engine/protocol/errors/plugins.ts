import type { Text } from '../text.ts'

export const pluginErrors = {
  'plugin.unknown': {
    en: 'There is no plugin {plugin}. It may have been removed.',
    'zh-CN': '插件 {plugin} 不存在，可能已被移除。',
  },
  'plugin.archiveUnreadable': {
    en: 'The plugin archive {file} cannot be read: {reason}. Build or download it again.',
    'zh-CN': '无法读取插件包 {file}：{reason}。请重新构建或下载。',
  },
  'plugin.archiveRefused': {
    en: 'The plugin archive {file} was refused: {reason}. Install plugins only from their maker.',
    'zh-CN': '插件包 {file} 被拒绝：{reason}。请仅安装来自作者的插件包。',
  },
  'plugin.manifestInvalid': {
    en: 'manifest.json in {file} is not valid at {field}: {reason}. The plugin has to be corrected by its maker.',
    'zh-CN': '{file} 中的 manifest.json 在 {field} 处无效：{reason}。需要由插件作者更正。',
  },
  'plugin.familyTaken': {
    en: 'The family {family} is contributed by the plugin {other} already. Switch one of the two off.',
    'zh-CN': '模型系列 {family} 已由插件 {other} 提供，请停用其中之一。',
  },
  'plugin.timeout': {
    en: 'The plugin {plugin} did not answer within {seconds} s and was stopped. Try other values; if it repeats, tell its maker.',
    'zh-CN': '插件 {plugin} 在 {seconds} 秒内没有响应，已被停止。请尝试其他取值；若再次出现，请反馈给插件作者。',
  },
  'plugin.memory': {
    en: 'The plugin {plugin} asked for more than {mebibytes} MiB of memory and was stopped. If it repeats, tell its maker.',
    'zh-CN': '插件 {plugin} 申请的内存超过 {mebibytes} MiB，已被停止。若再次出现，请反馈给插件作者。',
  },
  'plugin.stack': {
    en: 'The plugin {plugin} called itself too deeply and was stopped. If it repeats, tell its maker.',
    'zh-CN': '插件 {plugin} 的递归过深，已被停止。若再次出现，请反馈给插件作者。',
  },
  'plugin.payload': {
    en: 'The exchange with the plugin {plugin} is larger than {kibibytes} KiB and was refused. Use fewer values; if it repeats, tell its maker.',
    'zh-CN': '与插件 {plugin} 交换的数据超过 {kibibytes} KiB，已被拒绝。请减少取值；若再次出现，请反馈给插件作者。',
  },
  'plugin.threw': {
    en: 'The plugin {plugin} failed: {reason}. Try other values; if it repeats, tell its maker.',
    'zh-CN': '插件 {plugin} 出错：{reason}。请尝试其他取值；若再次出现，请反馈给插件作者。',
  },
  'plugin.invalidPlan': {
    en: 'The plugin {plugin} returned a plan that is not valid: {reason}. Nothing was run; tell its maker.',
    'zh-CN': '插件 {plugin} 返回的计划无效：{reason}。未执行任何操作，请反馈给插件作者。',
  },
  'plugin.stopped': {
    en: 'The plugin {plugin} stopped ({reason}). It starts again with the next plan.',
    'zh-CN': '插件 {plugin} 已停止（{reason}），将在下次生成计划时重新启动。',
  },
} as const satisfies Record<string, Text>
