import type { Text } from '../text.ts'

/** Connections over SSH, host keys, the host book and the vault. */
export const linkErrors = {
  'ssh.unreachable': {
    en: '{address} of {host} cannot be reached ({reason}). Check the address, the port, the network and the firewall; it is tried again by itself.',
    'zh-CN': '无法连接 {host} 的 {address}（{reason}）。请检查地址、端口、网络和防火墙；将自动重试。',
  },
  'ssh.proxyFailed': {
    en: 'The proxy {proxy} does not lead to {address} ({reason}). Check the proxy in the settings of the host.',
    'zh-CN': '代理 {proxy} 无法连通 {address}（{reason}）。请检查主机设置中的代理。',
  },
  'ssh.authFailed': {
    en: '{host} did not accept {user}: {attempts}. Check the user and the credentials in the settings of the host, then connect again.',
    'zh-CN': '{host} 未接受用户 {user}：{attempts}。请检查主机设置中的用户和凭据后重新连接。',
  },
  'ssh.passwordExpired': {
    en: 'The password of {user} on {host} has expired and must be changed. Change it in a terminal with ssh, then connect again.',
    'zh-CN': '{user} 在 {host} 上的密码已过期，必须修改。请在终端中通过 ssh 修改后重新连接。',
  },
  'ssh.dismissed': {
    en: 'The connection to {host} was given up because a question was dismissed. Connect again to answer it.',
    'zh-CN': '由于取消了询问，已放弃连接 {host}。如需回答请重新连接。',
  },
  'ssh.hostKeyRefused': {
    en: 'The key of {host} ({fingerprint}) was not accepted. Compare it with the one its administrator gives, then connect again.',
    'zh-CN': '未接受 {host} 的密钥（{fingerprint}）。请与管理员提供的指纹核对后重新连接。',
  },
  'ssh.hostKeyChanged': {
    en: 'The key of {host} has changed. Known: {known} ({place}). Seen: {seen}. Somebody may be listening in. Connect only if the change was announced.',
    'zh-CN': '{host} 的密钥已改变。已知：{known}（{place}）。当前：{seen}。可能存在窃听；仅在确认变更已公告后再连接。',
  },
  'ssh.hostKeyRevoked': {
    en: 'The key of {host} ({seen}) is marked as revoked in {place}. It must not be trusted; ask the administrator for a new one.',
    'zh-CN': '{host} 的密钥（{seen}）在 {place} 中标记为已吊销，不可信任。请联系管理员更换密钥。',
  },
  'ssh.hostKeyNotSeen': {
    en: 'The key {fingerprint} is not the one that {host} showed last. Connect again and compare the key that is shown then.',
    'zh-CN': '密钥 {fingerprint} 与 {host} 最近出示的密钥不一致。请重新连接并核对当时显示的密钥。',
  },
  'ssh.lost': {
    en: 'The connection to {host} was lost ({reason}). It comes back by itself; jobs are not touched.',
    'zh-CN': '与 {host} 的连接已断开（{reason}），将自动恢复，作业不受影响。',
  },
  'ssh.silent': {
    en: '{host} did not answer for {seconds} s. The connection is opened again by itself; jobs are not touched.',
    'zh-CN': '{host} 在 {seconds} 秒内没有响应，将自动重新连接，作业不受影响。',
  },
  'ssh.protocol': {
    en: '{host} and this workbench do not agree on how to speak SSH ({reason}). Update the SSH server of the host.',
    'zh-CN': '{host} 与工作台的 SSH 协商失败（{reason}）。请升级该主机的 SSH 服务。',
  },
  'ssh.notConnected': {
    en: '{host} is not connected ({state}). Connect it on the hosts page.',
    'zh-CN': '主机 {host} 未连接（{state}）。请在主机页面连接。',
  },
  'ssh.channelRefused': {
    en: '{host} refused to open {what} ({reason}). The SSH server may not allow it; look at its configuration.',
    'zh-CN': '{host} 拒绝打开{what}（{reason}）。SSH 服务可能未允许该操作，请检查其配置。',
  },
  'ssh.commandFailed': {
    en: '{program} on {host} ended with {exit}. {detail}',
    'zh-CN': '{host} 上的 {program} 以 {exit} 结束。{detail}',
  },
  'ssh.commandTimeout': {
    en: '{program} on {host} did not end within {seconds} s and was given up.',
    'zh-CN': '{host} 上的 {program} 在 {seconds} 秒内没有结束，已放弃。',
  },
  'ssh.outputTooLong': {
    en: '{program} on {host} wrote more than {bytes} bytes, which is more than is read at once.',
    'zh-CN': '{host} 上的 {program} 输出超过 {bytes} 字节，超出单次读取上限。',
  },
  'ssh.jumpCycle': {
    en: 'The jump hosts of {host} lead back to it ({chain}). Choose another jump host.',
    'zh-CN': '{host} 的跳板机形成循环（{chain}）。请选择其他跳板机。',
  },
  'ssh.forwardFailed': {
    en: '{address}:{port} of this computer cannot be listened on ({reason}). Choose another address or port; ports below 1024 need administrator rights.',
    'zh-CN': '无法在本机监听 {address}:{port}（{reason}）。请更换地址或端口；1024 以下的端口需要管理员权限。',
  },
  'ssh.portTaken': {
    en: 'Another program of this computer listens on {address}:{port} already. End it, or choose another port.',
    'zh-CN': '本机已有其他程序监听 {address}:{port}。请结束该程序，或更换端口。',
  },
  'ssh.listenRefused': {
    en: '{host} does not listen on {address}:{port}: another program uses the port, or its SSH server does not allow it (AllowTcpForwarding, GatewayPorts). Choose another port, or look at that configuration.',
    'zh-CN':
      '{host} 未能监听 {address}:{port}：端口已被其他程序占用，或 SSH 服务不允许（AllowTcpForwarding、GatewayPorts）。请更换端口，或检查该配置。',
  },
  'forward.unknown': {
    en: 'There is no port forward {id}. It was probably removed.',
    'zh-CN': '端口转发 {id} 不存在，可能已被移除。',
  },
  'forward.duplicate': {
    en: 'Another port forward of this host listens on {address}:{port}. Choose another port, or change that one.',
    'zh-CN': '该主机已有端口转发监听 {address}:{port}。请更换端口，或修改原有转发。',
  },
  'knownHosts.unwritable': {
    en: 'The key could not be written to {path} ({reason}). Check the rights and the free space of that folder.',
    'zh-CN': '无法将密钥写入 {path}（{reason}）。请检查该目录的权限和剩余空间。',
  },
  'host.isLocal': {
    en: 'This computer has no connection to change. Choose a host that is reached over SSH.',
    'zh-CN': '本机没有可修改的连接。请选择通过 SSH 连接的主机。',
  },
  'host.isJump': {
    en: '{host} is the jump host of {users}. Give these another way first, then remove it.',
    'zh-CN': '{host} 是 {users} 的跳板机。请先为其设置其他路径，再移除。',
  },
  'host.hasRuns': {
    en: 'Run #{number} is still running on {host}. Stop it or wait for its end, then remove the host.',
    'zh-CN': '运行 #{number} 仍在 {host} 上进行。请停止或等待其结束后再移除主机。',
  },
  'sshConfig.unreadable': {
    en: '{path} cannot be read ({reason}). Check that the file exists and may be read.',
    'zh-CN': '无法读取 {path}（{reason}）。请检查文件是否存在且可读。',
  },
  'engine.notInstalled': {
    en: 'The engine is not installed on {host} yet. Install it on the page of the host.',
    'zh-CN': '{host} 上尚未安装引擎。请在该主机页面安装。',
  },
  'vault.missing': {
    en: 'There is no vault yet. Choose a passphrase for it first.',
    'zh-CN': '尚未创建密码库。请先设置密码库口令。',
  },
  'vault.exists': {
    en: 'There is a vault already. Unlock it with its passphrase.',
    'zh-CN': '密码库已存在。请使用其口令解锁。',
  },
  'vault.locked': {
    en: 'The vault is locked. Unlock it with its passphrase.',
    'zh-CN': '密码库已锁定。请使用口令解锁。',
  },
  'vault.wrongPassphrase': {
    en: 'This is not the passphrase of the vault. Check the keyboard layout and try again.',
    'zh-CN': '密码库口令不正确。请检查键盘布局后重试。',
  },
  'vault.weakPassphrase': {
    en: 'The passphrase is too short. Use at least {characters} characters.',
    'zh-CN': '口令过短，至少需要 {characters} 个字符。',
  },
  'vault.damaged': {
    en: 'The vault {path} cannot be read ({reason}). Put it back from a backup, or move it away and enter the secrets again.',
    'zh-CN': '无法读取密码库 {path}（{reason}）。请从备份恢复，或移走该文件后重新输入密钥。',
  },
  'vault.notUsed': {
    en: 'Secrets are kept by the key store of the system here, so there is no vault to change.',
    'zh-CN': '此处的密钥由系统密钥库保存，没有可修改的密码库。',
  },
} as const satisfies Record<string, Text>
