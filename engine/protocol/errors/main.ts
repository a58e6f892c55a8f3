import type { Text } from '../text.ts'

export const mainErrors = {
  'store.newer': {
    en: '{path} was written by a newer workbench (version {version}, this one knows {known}). Update the workbench, or move the file away to start with an empty store; no job is lost by that.',
    'zh-CN':
      '{path} 由更新版本的工作台写入（版本 {version}，本版本支持到 {known}）。请升级工作台，或移走该文件以使用空的存储；作业不会因此丢失。',
  },
  'store.closed': {
    en: 'The workbench is closing. Start it again to go on.',
    'zh-CN': '工作台正在关闭，请重新启动后继续。',
  },
  'host.unknown': {
    en: 'There is no host {host}. It may have been removed; choose another one.',
    'zh-CN': '主机 {host} 不存在，可能已被移除，请选择其他主机。',
  },
  'engine.missing': {
    en: 'The engine is not at {path}. Build it with `npm run build`, or install the workbench again.',
    'zh-CN': '未在 {path} 找到引擎。请用 `npm run build` 构建，或重新安装工作台。',
  },
  'engine.exited': {
    en: 'The engine ended ({reason}). It is started again by itself; jobs are not touched. {detail}',
    'zh-CN': '引擎已退出（{reason}），将自动重新启动，作业不受影响。{detail}',
  },
  'engine.incompatible': {
    en: 'The engine speaks protocol {found}, this workbench {wanted}. Build or install both from the same version.',
    'zh-CN': '引擎使用协议 {found}，工作台使用协议 {wanted}。请使用同一版本的引擎和工作台。',
  },
  'engine.silent': {
    en: 'The engine did not answer within {seconds} s. It is started again by itself.',
    'zh-CN': '引擎在 {seconds} 秒内没有响应，将自动重新启动。',
  },
  'engine.unavailable': {
    en: 'The engine on {host} is not reachable now ({state}). Wait until it is back, or restart it on the hosts page.',
    'zh-CN': '主机 {host} 上的引擎当前不可用（{state}）。请等待恢复，或在主机页面重新启动引擎。',
  },
  'family.unknown': {
    en: 'There is no family {family}. Its plugin may be switched off; look at the plugins page.',
    'zh-CN': '模型系列 {family} 不存在，对应插件可能已停用，请查看插件页面。',
  },
  'panel.unknown': {
    en: 'The family {family} has no panel {panel}. The plugin may have been updated; open the family again.',
    'zh-CN': '模型系列 {family} 没有面板 {panel}，插件可能已更新，请重新打开该系列。',
  },
  'plan.hasErrors': {
    en: 'The plan has {count} errors, the first is: {first} Correct the form and start again.',
    'zh-CN': '计划存在 {count} 个错误，第一个为：{first} 请修改表单后重新启动。',
  },
  'plan.previewOnly': {
    en: 'This plan can only be looked at here: the chosen host does not have what it needs. Export it as a script, or choose the reference backend.',
    'zh-CN': '该计划在此处仅供预览：所选主机缺少所需环境。可导出为脚本，或选择 reference 后端。',
  },
  'plan.empty': {
    en: 'The plan has no steps, so there is nothing to run.',
    'zh-CN': '该计划没有步骤，无可执行内容。',
  },
  'plan.containerUnsupported': {
    en: 'Step {step} runs inside a container, which this workbench does not start yet. Export the plan as a script and run it there.',
    'zh-CN': '步骤 {step} 需在容器中运行，工作台暂不能启动容器。请将计划导出为脚本后在容器中执行。',
  },
  'plan.invalid': {
    en: 'The plugin {plugin} made a plan for {panel} that is not valid ({reason}). Update the plugin, or report it to its author.',
    'zh-CN': '插件 {plugin} 为 {panel} 生成的计划无效（{reason}）。请升级该插件，或反馈给插件作者。',
  },
  'run.unknown': {
    en: 'There is no run {run}. It may have been removed; look at the list of runs.',
    'zh-CN': '运行 {run} 不存在，可能已被删除，请查看运行列表。',
  },
  'run.stepUnknown': {
    en: 'Run {run} has no step {step}.',
    'zh-CN': '运行 {run} 没有步骤 {step}。',
  },
  'run.stillRunning': {
    en: 'Run #{number} has not ended yet. Stop it first, then remove it.',
    'zh-CN': '运行 #{number} 尚未结束。请先停止，再删除。',
  },
  'run.noRestart': {
    en: 'Run #{number} does not wait for a restart of its host, so nothing was restarted.',
    'zh-CN': '运行 #{number} 并未等待主机重启，因此未执行重启。',
  },
  'run.restartLocal': {
    en: 'This computer is not restarted from here. Restart it by hand; the run goes on when the workbench is started again.',
    'zh-CN': '不支持从此处重启本机。请手动重启，再次启动工作台后运行会继续。',
  },
  'run.restartRefused': {
    en: '{host} could not be restarted: {reason}. Restart it by hand (reboot); the run goes on by itself afterwards.',
    'zh-CN': '无法重启 {host}：{reason}。请手动重启（reboot），之后运行会自动继续。',
  },
  'artifact.unknown': {
    en: 'There is no such artifact on the list. It may have been taken off; reload the list.',
    'zh-CN': '列表中没有该产物，可能已被移除，请刷新列表。',
  },
  'chat.unknown': {
    en: 'There is no such conversation. It may have been removed; open another one.',
    'zh-CN': '该对话不存在，可能已被删除，请打开其他对话。',
  },
  'chat.busy': {
    en: 'An answer is still being written in this conversation. Wait for it, or stop it first.',
    'zh-CN': '该对话正在生成回答。请等待完成或先停止。',
  },
  'chat.nothingToRegenerate': {
    en: 'This conversation has no question yet, so there is no answer to make again. Send a message first.',
    'zh-CN': '该对话尚无提问，无法重新生成。请先发送消息。',
  },
  'folder.outside': {
    en: '{path} is outside the folders that the workbench opens (its own data, the workspace, run folders and artifacts). Open it in a file manager.',
    'zh-CN': '{path} 不在工作台可打开的目录范围内（自身数据、工作区、运行目录和产物）。请在文件管理器中打开。',
  },
  'secrets.unavailable': {
    en: 'No key store is available here ({reason}), so secrets cannot be kept. They are asked for each time instead.',
    'zh-CN': '此处没有可用的密钥库（{reason}），无法保存密钥，每次使用时需重新输入。',
  },
} as const satisfies Record<string, Text>
