import type { Text } from '../text.ts'

export const hostErrors = {
  'file.changed': {
    en: '{path} has changed since it was read, so nothing was written. Read it again and bring your changes into it.',
    'zh-CN': '{path} 在读取之后已被修改，未写入任何内容。请重新读取后再合并修改。',
  },
  'file.damaged': {
    en: 'What arrived of {path} is not what was sent (its SHA-256 differs). Nothing was put in its place; transfer it again.',
    'zh-CN': '{path} 接收到的内容与发送的不一致（SHA-256 不同），未覆盖原有文件。请重新传输。',
  },
  'file.taken': {
    en: '{path} exists already. Choose another name.',
    'zh-CN': '{path} 已存在。请使用其他名称。',
  },
  'file.badName': {
    en: '"{name}" cannot be a name: it must not hold a slash. Choose another name.',
    'zh-CN': '“{name}”不能用作名称：不能包含斜杠。请使用其他名称。',
  },
  'file.protected': {
    en: '{path} holds the home folder or the engine itself and is not deleted from here. Delete what lies in it instead, or uninstall the engine on its own page.',
    'zh-CN': '{path} 包含用户主目录或引擎本身，不能在此删除。请删除其中的内容，或在引擎页面卸载引擎。',
  },
  'host.containerMissing': {
    en: 'The container {container} does not answer: {reason}. Start it (docker start {container}), or choose another one.',
    'zh-CN': '容器 {container} 没有响应：{reason}。请启动该容器（docker start {container}），或选择其他容器。',
  },
  'host.noServerIp': {
    en: 'The name of this host ({host}) does not resolve to an address. Give the address with --server_ip.',
    'zh-CN': '本机主机名（{host}）无法解析为地址。请用 --server_ip 指定地址。',
  },
  'host.deviceRange': {
    en: '--device_num {range} is no range. Write it as [first,last), for example [0,8).',
    'zh-CN': '--device_num {range} 不是有效范围。请写成 [起,止)，例如 [0,8)。',
  },
  'host.deviceRangeOutside': {
    en: 'device num {range} must be in range [0,{perNode}] ! A host with more devices is named by --device_num_per_node.',
    'zh-CN': '设备范围 {range} 必须在 [0,{perNode}] 内！设备更多的主机请用 --device_num_per_node 指定。',
  },
  'host.deviceRangeGroups': {
    en: 'device num {range} must be in the same group of [0,4] or [4,8] ! Choose devices of one group, or all eight.',
    'zh-CN': '设备范围 {range} 必须在 [0,4] 或 [4,8] 同一组内！请选择同组设备，或全部八个。',
  },
  'host.visibleDevices': {
    en: '--visible_devices {list} is no list of different numbers. Write it as 0,1,2,3.',
    'zh-CN': '--visible_devices {list} 不是互不相同的编号列表。请写成 0,1,2,3。',
  },
  'host.tooFewDevices': {
    en: '--visible_devices lists {visible} devices, but --device_num {range} needs {needed}. Name more devices or narrow the range.',
    'zh-CN':
      '--visible_devices 只有 {visible} 个设备，而 --device_num {range} 需要 {needed} 个。请增加设备或缩小范围。',
  },
  'host.noDeviceAddress': {
    en: 'No address is known for device {device}: hccn_tool gave none ({tool}) and {conf} has no address_{device}. Set one with `hccn_tool -i {device} -ip -s address A netmask M`.',
    'zh-CN':
      '设备 {device} 没有地址：hccn_tool 未给出（{tool}），{conf} 中也没有 address_{device}。请用 `hccn_tool -i {device} -ip -s address A netmask M` 设置。',
  },
  'host.rankTableUnreadable': {
    en: '{path} is no rank table: {reason}. Make it again with `awb hccl_tools.py`.',
    'zh-CN': '{path} 不是 rank table：{reason}。请用 `awb hccl_tools.py` 重新生成。',
  },
  'host.rankTableInvalid': {
    en: '{path} has {count} problems that stop a start: {problems}',
    'zh-CN': '{path} 有 {count} 个会导致无法启动的问题：{problems}',
  },
} as const satisfies Record<string, Text>
