import { type LogRule, rule } from './rule.ts'

const library = (code: string, name: string, cause: [string, string], remedy: [string, string]): LogRule =>
  rule(code, 'environment', new RegExp(`${name}\\S*: cannot open shared object`), cause, remedy)

const CANN_LIBRARY: [string, string] = ["CANN's libraries are not on the loader's path.", '加载器找不到 CANN 的库。']
const SOURCE_CANN: [string, string] = [
  "Source CANN's set_env.sh in the launching shell.",
  '在启动任务的 shell 中 source CANN 的 set_env.sh。',
]

/** Failures of the machine around the training: environment, rights, ports, leftover processes. */
export const hostRules: readonly LogRule[] = [
  rule(
    'ENV_NOT_SOURCED',
    'environment',
    /ASCEND_OPP_PATH environment variable is not set|ASCEND_HOME_PATH.{0,40}not set/,
    ["CANN's environment is not set: set_env.sh was not sourced.", '未设置 CANN 环境：没有 source set_env.sh。'],
    SOURCE_CANN,
  ),
  rule(
    'DEV_PERMISSION',
    'permission',
    /Can't get ascend_hal device count|drvRet=87\b|ret is -8005/,
    [
      'The process may not open the device nodes, or they were not passed into the container.',
      '进程无权打开设备节点，或节点未传入容器。',
    ],
    [
      "Check owner and group of /dev/davinci*, join the driver's group, keep CAP_DAC_OVERRIDE, pass all management nodes.",
      '检查 /dev/davinci* 的属主和用户组，加入驱动用户组，保留 CAP_DAC_OVERRIDE，并传入所有管理节点。',
    ],
  ),
  library(
    'LIB_ASCEND_HAL',
    'libascend_hal\\.so',
    ['The libraries of the driver are not visible here.', '此处看不到驱动的库。'],
    [
      'Mount /usr/local/Ascend/driver and add lib64/driver and lib64/common to LD_LIBRARY_PATH.',
      '挂载 /usr/local/Ascend/driver，并将 lib64/driver、lib64/common 加入 LD_LIBRARY_PATH。',
    ],
  ),
  library(
    'NNAL_NOT_SOURCED',
    'libatb\\.so',
    [
      'NNAL (ATB) is not installed, or its set_env.sh was not sourced.',
      '未安装 NNAL（ATB），或没有 source 其 set_env.sh。',
    ],
    ['Source /usr/local/Ascend/nnal/atb/set_env.sh.', 'source /usr/local/Ascend/nnal/atb/set_env.sh。'],
  ),
  library('LIB_HCCL', 'libhccl\\.so', CANN_LIBRARY, SOURCE_CANN),
  library('LIB_ASCENDCL', 'libascendcl\\.so', CANN_LIBRARY, SOURCE_CANN),
  library(
    'LIB_C_SEC',
    'libc_sec\\.so',
    ['The libraries of the driver are not visible here.', '此处看不到驱动的库。'],
    [
      'Add driver/lib64, lib64/common and lib64/driver to LD_LIBRARY_PATH.',
      '将 driver/lib64、lib64/common、lib64/driver 加入 LD_LIBRARY_PATH。',
    ],
  ),
  rule(
    'TORCH_NPU_MISSING',
    'environment',
    /No module named '?torch_npu/,
    ['torch_npu is not installed in this Python environment.', '此 Python 环境未安装 torch_npu。'],
    [
      'Install torch_npu of the same minor version as torch, or activate the right environment.',
      '安装与 torch 次版本号一致的 torch_npu，或激活正确的环境。',
    ],
  ),
  rule(
    'EADDRINUSE',
    'port',
    /Address already in use|EADDRINUSE|errno: 98\b/,
    ['The port of the launch is used by another job.', '启动端口已被其他任务占用。'],
    ['Choose another MASTER_PORT, or end the old job.', '更换 MASTER_PORT，或结束旧任务。'],
  ),
  rule(
    '507033',
    'process',
    /\b507033\b|E30003:/,
    ['A card could not be started: leftover processes hold it.', '卡无法启动：残留进程仍占用它。'],
    ['Wait 10 s after the last job, end leftover processes, start again.', '等待 10 秒，结束残留进程后重试。'],
  ),
  rule(
    'EXT_LOCK',
    'process',
    /(?:Using \S*torch_extensions\S* as PyTorch extensions root.*\n?\s*){4,}/,
    ['A lock file that a killed compile left makes every rank wait.', '被终止的编译留下的锁文件使所有 rank 等待。'],
    [
      'Delete the torch_extensions cache folder of this Python version.',
      '删除该 Python 版本的 torch_extensions 缓存目录。',
    ],
  ),
  rule(
    'EL0005',
    'process',
    /EL0005/,
    ['The card is busy, usually in another container.', '卡正忙，通常被其他容器占用。'],
    ['Use another card, or end the other container.', '更换卡，或结束另一个容器。'],
  ),
  rule(
    'EE1001',
    'environment',
    /EE1001|\b107001\b|device count\[\d+\] and device id\[\d+\]/,
    ['A device number was asked for that does not exist.', '请求了不存在的设备编号。'],
    [
      'Correct DEVICE_ID, ASCEND_RT_VISIBLE_DEVICES or the ranks per node; host names must differ between hosts.',
      '更正 DEVICE_ID、ASCEND_RT_VISIBLE_DEVICES 或每节点的 rank 数；各主机名必须不同。',
    ],
  ),
]
