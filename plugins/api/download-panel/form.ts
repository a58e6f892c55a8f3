import { folderField, integerField, selectField, switchField, textField, textListField } from '../fields.ts'
import { defineForm, group } from '../form.ts'
import { plain, text } from '../text.ts'
import type { Repository } from './download.ts'

const ofHubs = { field: 'source', in: ['huggingface', 'modelscope'] }

/** The fields of the download panel; `known` are the repositories that the family's guides name. */
export const downloadForm = (known: readonly Repository[]) =>
  defineForm(
    group('what', text('Repository', '仓库'), {
      known: selectField({
        title: text('What to download', '下载内容'),
        help: text(
          'Repositories that the guides of this family use, or any other one.',
          '本系列教程使用的仓库，或任意其他仓库。',
        ),
        choices: [
          ...known.map(({ id, title }) => ({ value: id, label: title })),
          { value: 'other', label: text('Another repository or file', '其他仓库或文件') },
        ],
        default: known[0]?.id ?? 'other',
      }),
      kind: selectField({
        title: text('Kind', '类型'),
        choices: [
          { value: 'model', label: text('Model', '模型') },
          { value: 'dataset', label: text('Dataset', '数据集') },
        ],
        default: 'model',
        showIf: { field: 'known', in: ['other'] },
      }),
      repository: textField({
        title: text('Repository or address', '仓库或地址'),
        help: text(
          'owner/name as the hub shows it, or the https address of one file.',
          '站点上显示的 owner/name，或单个文件的 https 地址。',
        ),
        placeholder: 'owner/name',
        showIf: { field: 'known', in: ['other'] },
      }),
      source: selectField({
        title: text('From', '来源'),
        help: text(
          'Files of a repository are compared with the checksums that the hub names.',
          '仓库文件会与站点提供的校验值比较。',
        ),
        choices: [
          { value: 'huggingface', label: plain('Hugging Face') },
          { value: 'modelscope', label: text('ModelScope', '魔搭 ModelScope') },
          { value: 'address', label: text('A web address', '网址') },
        ],
        default: 'huggingface',
        showIf: { field: 'known', in: ['other'] },
      }),
      output: folderField({
        title: text('Output folder', '输出目录'),
        help: text(
          'A new folder. It appears when every file is there; a download that was stopped goes on where it was.',
          '新的目录。全部文件到齐后才会出现；中断后再次下载会继续。',
        ),
      }),
    }),
    group('way', text('Way', '网络'), {
      relay: switchField({
        title: text('Through the computer with the workbench', '经由工作台所在电脑下载'),
        help: text(
          'For hosts without internet: that computer asks in their place while it is connected. Files go to the host directly and are checked there.',
          '适用于无法上网的主机：在连接期间由工作台所在电脑代为请求，文件直接写入主机并在主机上校验。',
        ),
        default: false,
      }),
      endpoint: textField({
        title: text('Mirror', '镜像地址'),
        help: text(
          'Address of a server with the same interface. Empty: HF_ENDPOINT or MODELSCOPE_ENDPOINT of the engine, else the hub itself.',
          '接口相同的服务器地址。留空则使用引擎环境变量 HF_ENDPOINT 或 MODELSCOPE_ENDPOINT，否则为原站点。',
        ),
        placeholder: 'https://',
      }),
      proxy: textField({
        title: text('Proxy', '代理'),
        help: text(
          'HTTP proxy without a password. Empty: http_proxy, https_proxy and no_proxy of the engine.',
          '不含密码的 HTTP 代理。留空则使用引擎环境变量 http_proxy、https_proxy 与 no_proxy。',
        ),
        placeholder: 'http://',
        showIf: { field: 'relay', in: [false] },
      }),
      revision: textField({
        title: text('Revision', '版本'),
        help: text('Branch, tag or commit. Empty: the main branch.', '分支、标签或提交。留空则为主分支。'),
        isExpert: true,
        showIf: ofHubs,
      }),
      include: textListField({
        title: text('Only these files', '仅下载'),
        help: text(
          'Patterns, one per line: *.safetensors, data/**. Empty: all.',
          '每行一个模式：*.safetensors、data/**。留空则全部。',
        ),
        default: [],
        isExpert: true,
      }),
      exclude: textListField({
        title: text('Not these files', '排除'),
        help: text('Patterns, one per line.', '每行一个模式。'),
        default: [],
        isExpert: true,
      }),
      parallel: integerField({
        title: text('Connections', '并行连接数'),
        default: 4,
        min: 1,
        max: 32,
        isExpert: true,
      }),
    }),
  )
