import type { Text } from '../text.ts'

export const hubErrors = {
  'hub.notFound': {
    en: '{endpoint} knows no {kind} {repository} at revision {revision}. Correct the name or the revision; on a mirror, try the hub itself.',
    'zh-CN': '{endpoint} 上没有 {kind} {repository}（版本 {revision}）。请更正名称或版本；若使用镜像，可改用原站点。',
  },
  'hub.denied': {
    en: '{endpoint} refuses access to {repository} (HTTP {status}): it is private, or its terms have to be accepted on its page first. Then put an access token into {variable} of the engine’s environment.',
    'zh-CN':
      '{endpoint} 拒绝访问 {repository}（HTTP {status}）：该仓库为私有，或需先在其页面上同意协议。然后将访问令牌写入引擎环境变量 {variable}。',
  },
  'hub.unreachable': {
    en: '{endpoint} cannot be reached: {reason}. Check the network, set a proxy or a mirror, or download on another machine and copy the folder. What has arrived is kept; the same download goes on from there.',
    'zh-CN':
      '无法连接 {endpoint}：{reason}。请检查网络，设置代理或镜像，或在其他机器上下载后复制目录。已下载的部分会保留，再次下载时继续。',
  },
  'hub.unexpected': {
    en: '{url} gives an answer that is not understood: {reason}. Check that the address is a {hub} style hub.',
    'zh-CN': '{url} 返回的内容无法识别：{reason}。请确认该地址是 {hub} 接口的站点。',
  },
  'hub.unsafePath': {
    en: '{repository} lists the file “{path}”, which lies outside its folder. Nothing is downloaded; report the repository to its hub.',
    'zh-CN': '{repository} 中的文件“{path}”位于其目录之外，未下载任何内容。请向站点举报该仓库。',
  },
  'hub.nothingChosen': {
    en: 'None of the {count} files of {repository} fits the patterns. Correct include and exclude.',
    'zh-CN': '{repository} 的 {count} 个文件均不符合所选的模式。请更正包含和排除模式。',
  },
  'hub.damaged': {
    en: '{file} of {repository} arrived twice with another checksum than the hub names ({expected}). Try a different mirror or proxy.',
    'zh-CN': '{repository} 的 {file} 两次下载的校验值均与站点提供的（{expected}）不符。请更换镜像或代理。',
  },
} as const satisfies Record<string, Text>
