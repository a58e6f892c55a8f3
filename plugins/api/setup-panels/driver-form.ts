import { fileField, folderField, selectField, switchField, textField } from '../fields.ts'
import { defineForm, group } from '../form.ts'
import { plain, text } from '../text.ts'

const installing = { field: 'action', in: ['install', 'overwrite'] }

/** The fields of the driver panel; they are the same for every family. */
export const driverForm = defineForm(
  group('what', text('What to do', '操作'), {
    action: selectField({
      title: text('Situation', '场景'),
      help: text(
        'Also a first installation: an earlier driver was there and is uninstalled.',
        '曾安装过但当前已卸载也属于首次安装。',
      ),
      choices: [
        { value: 'install', label: text('First installation: driver, then firmware', '首次安装：先驱动，后固件') },
        { value: 'overwrite', label: text('Overwrite: firmware, then driver', '覆盖安装：先固件，后驱动') },
        { value: 'uninstall', label: text('Uninstall: driver, then firmware', '卸载：先驱动，后固件') },
      ],
      default: 'install',
    }),
    driver: fileField({
      title: text('Driver package', '驱动安装包'),
      help: text(
        'Empty: the driver stays as it is. Upload it in the tab Files of the host.',
        '留空则不处理驱动。请先在主机的“文件”页上传。',
      ),
      placeholder: 'Ascend-hdk-910b-npu-driver_23.0.3_linux-aarch64.run',
      showIf: installing,
    }),
    firmware: fileField({
      title: text('Firmware package', '固件安装包'),
      help: text(
        'Empty: the firmware stays as it is. Upload it in the tab Files of the host.',
        '留空则不处理固件。请先在主机的“文件”页上传。',
      ),
      placeholder: 'Ascend-hdk-910b-npu-firmware_7.1.0.5.220.run',
      showIf: installing,
    }),
  }),
  group('how', text('How', '方式'), {
    mode: selectField({
      title: text('Mode', '安装模式'),
      choices: [
        { value: 'full', label: plain('--full') },
        { value: 'upgrade', label: plain('--upgrade') },
      ],
      default: 'full',
      showIf: installing,
    }),
    forAll: switchField({
      title: text('For all users (--install-for-all)', '所有用户可用（--install-for-all）'),
      help: text(
        'Off: only members of the group of the driver may use the NPUs.',
        '关闭时仅驱动所属用户组可使用 NPU。',
      ),
      default: true,
      showIf: installing,
    }),
    dependencies: switchField({
      title: text('Install missing tools', '安装缺少的依赖'),
      help: text(
        'By apt, dnf or yum, and only what is missing: dkms, gcc, make, kernel headers, lspci, ifconfig.',
        '通过 apt、dnf 或 yum，仅安装缺少的：dkms、gcc、make、内核头文件、lspci、ifconfig。',
      ),
      default: true,
      showIf: installing,
    }),
    account: switchField({
      title: text('Create the user HwHiAiUser', '创建 HwHiAiUser 用户'),
      help: text('Where it is missing; the driver belongs to it.', '仅在缺少时创建，驱动归其所有。'),
      default: true,
      showIf: installing,
    }),
    again: switchField({
      title: text('Install the same version again', '重新安装相同版本'),
      help: text('Off: what is there in this version already is skipped.', '关闭时跳过版本相同的部分。'),
      default: false,
      isExpert: true,
      showIf: installing,
    }),
    installPath: folderField({
      title: text('Installation folder', '安装目录'),
      default: '/usr/local/Ascend',
      isExpert: true,
    }),
    extra: textField({
      title: text('More options of the packages', '安装包的其他参数'),
      help: text('Separated by blanks, for example --norebuild.', '以空格分隔，例如 --norebuild。'),
      isExpert: true,
      showIf: installing,
    }),
  }),
)

export type DriverValues = ReturnType<typeof driverForm.read>['values']
