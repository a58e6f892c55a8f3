import type { Text } from '../text.ts'

export const transferErrors = {
  'transfer.refused': {
    en: 'The host refused to read or write {path}: {reason}. Look at its permissions and whether the disk is full, then retry.',
    'zh-CN': '主机拒绝读写 {path}：{reason}。请检查权限以及磁盘是否已满，然后重试。',
  },
  'transfer.sourceChanged': {
    en: '{path} changed while it was transferred. Nothing was put in place; retry when nothing writes to it.',
    'zh-CN': '{path} 在传输过程中被修改，未写入目标。请在没有程序写入该文件时重试。',
  },
  'transfer.noRoom': {
    en: 'There is not enough room at {path}: {needed} bytes are needed, {free} are free. Free some space or choose another folder.',
    'zh-CN': '{path} 空间不足：需要 {needed} 字节，剩余 {free} 字节。请释放空间或更换目录。',
  },
  'transfer.unknown': {
    en: 'There is no transfer {id}. It was probably cleared.',
    'zh-CN': '传输 {id} 不存在，可能已被清除。',
  },
  'transfer.nothing': {
    en: 'Nothing was chosen to transfer. Choose files or folders.',
    'zh-CN': '没有选择要传输的内容，请选择文件或文件夹。',
  },
  'transfer.stagePath': {
    en: '{path} is no name that can be taken over: it leads out of its folder.',
    'zh-CN': '无法使用名称 {path}：它指向所在文件夹之外。',
  },
} as const satisfies Record<string, Text>
