import type { Text } from '../text.ts'

export const commonErrors = {
  internal: {
    en: 'Something went wrong inside the workbench: {reason}. Try again; if it repeats, report it with the log.',
    'zh-CN': '工作台内部出错：{reason}。请重试；若再次出现，请附日志反馈。',
  },
  'thread.ended': {
    en: 'A worker thread ended early: {reason}. Nothing was kept of the output. Run again with fewer workers, in case the memory was short.',
    'zh-CN': '工作线程提前结束：{reason}。未保留任何输出。可能是内存不足，请减少工作线程数后重试。',
  },
  cancelled: { en: 'Cancelled.', 'zh-CN': '已取消。' },
  'input.invalid': {
    en: '{subject} is not valid: {reason}.',
    'zh-CN': '{subject} 无效：{reason}。',
  },
  'rpc.unknown': {
    en: 'The other side does not know {name}; its version is probably older. Update it.',
    'zh-CN': '对端不认识 {name}，其版本可能较旧，请升级。',
  },
  'rpc.closed': { en: 'The connection closed. It is opened again by itself.', 'zh-CN': '连接已断开，将自动重连。' },
  'file.missing': {
    en: '{path} does not exist. Check the path.',
    'zh-CN': '{path} 不存在，请检查路径。',
  },
  'file.exists': {
    en: '{path} exists already and is not empty. Choose another folder, or remove it first.',
    'zh-CN': '{path} 已存在且不为空。请更换目录，或先将其删除。',
  },
  'file.denied': {
    en: 'No permission for {path}. Choose another path or change its permissions.',
    'zh-CN': '没有访问 {path} 的权限。请更换路径或修改权限。',
  },
  'file.full': {
    en: 'The disk of {path} is full. Nothing was kept of the output; free some space and run again.',
    'zh-CN': '{path} 所在磁盘已满，未保留任何输出。请释放空间后重试。',
  },
} as const satisfies Record<string, Text>
