import { fileField, folderField, selectField, switchField, textField, textListField } from '../../fields.ts'
import { defineForm, group } from '../../form.ts'
import { text } from '../../text.ts'

const only = (...origins: string[]) => ({ field: 'origin', in: origins })
const withRuntime = { field: 'runtime', in: [true] }

/** The fields of the docker panel; they are the same for every family. */
export const dockerForm = defineForm(
  group('what', text('Docker', 'Docker 引擎'), {
    origin: selectField({
      title: text('Where from', '来源'),
      help: text('Nothing is installed where docker is there already.', '已安装 Docker 时不会重复安装。'),
      choices: [
        { value: 'repository', label: text('The distribution (apt, dnf, yum)', '系统软件源（apt、dnf、yum）') },
        { value: 'files', label: text('Uploaded packages (.deb, .rpm)', '已上传的软件包（.deb、.rpm）') },
        { value: 'static', label: text('An uploaded archive of static programs', '已上传的静态二进制归档') },
        { value: 'none', label: text('It is there: settings only', '已安装，仅修改配置') },
      ],
      default: 'repository',
    }),
    archive: fileField({
      title: text('Archive', '归档文件'),
      help: text(
        'docker-VERSION.tgz of download.docker.com for the host’s processor; upload it in the tab Files of the host.',
        'download.docker.com 上对应处理器的 docker-版本.tgz，请先在主机的“文件”页上传。',
      ),
      placeholder: '~/uploads/docker-27.3.1.tgz',
      showIf: only('static'),
    }),
    packages: folderField({
      title: text('Folder of packages', '软件包目录'),
      help: text(
        'All of docker and what it needs; upload it in the tab Files of the host.',
        '须包含 Docker 及其全部依赖，请先在主机的“文件”页上传。',
      ),
      showIf: only('files'),
    }),
    account: textField({
      title: text('User who may use docker', '可使用 Docker 的用户'),
      help: text('Joins the group docker. Empty: nobody but root.', '将加入 docker 组。留空则仅 root 可用。'),
    }),
  }),
  group('runtime', text('Ascend Docker Runtime', 'Ascend Docker Runtime 组件'), {
    runtime: switchField({
      title: text('Let containers use it', '供容器使用'),
      help: text(
        'Containers then get NPUs by ASCEND_VISIBLE_DEVICES, without a list of devices.',
        '容器可通过 ASCEND_VISIBLE_DEVICES 使用 NPU，无需逐个列出设备。',
      ),
      default: false,
    }),
    runtimePackage: fileField({
      title: text('Its package', '安装包'),
      help: text(
        'Empty: it is installed already. Upload it in the tab Files of the host.',
        '留空表示已安装。请先在主机的“文件”页上传。',
      ),
      placeholder: 'Ascend-docker-runtime_6.0.0_linux-aarch64.run',
      showIf: withRuntime,
    }),
    runtimeIsDefault: switchField({
      title: text('For every container', '作为默认运行时'),
      help: text(
        'Off: only containers that are started with --runtime=ascend use it.',
        '关闭时仅 --runtime=ascend 启动的容器使用。',
      ),
      default: false,
      showIf: withRuntime,
    }),
    runtimeOptions: textField({
      title: text('More options of the package', '安装包的其他参数'),
      help: text('Separated by blanks, for example --install-type=A200.', '以空格分隔，例如 --install-type=A200。'),
      isExpert: true,
      showIf: withRuntime,
    }),
  }),
  group('settings', text('Settings', '配置'), {
    mirrors: textListField({
      title: text('Mirrors of the registry', '镜像加速地址'),
      help: text('One per line; those that are set already stay.', '每行一个，已有的会保留。'),
      placeholder: 'https://docker.example.com',
      default: [],
    }),
    dataRoot: folderField({
      title: text('Folder of images and containers', '镜像与容器目录'),
      help: text('Empty: as it is, usually /var/lib/docker.', '留空则不改变，通常为 /var/lib/docker。'),
    }),
    restart: switchField({
      title: text('Restart docker while containers run', '有容器运行时也重启 Docker'),
      help: text(
        'Changed settings need it. Off: the plan stops before it changes anything.',
        '修改配置后需要重启。关闭时方案会在改动之前停止。',
      ),
      default: false,
    }),
    insecure: textListField({
      title: text('Registries without TLS', '不使用 TLS 的仓库'),
      help: text('host:port, one per line.', '主机:端口，每行一个。'),
      default: [],
      isExpert: true,
    }),
    configFile: textField({
      title: text('Settings file', '配置文件'),
      default: '/etc/docker/daemon.json',
      isExpert: true,
    }),
  }),
)

export type DockerValues = ReturnType<typeof dockerForm.read>['values']
