/** Texts of the frame around the views. */
export const shellMessages = {
  en: {
    failed: 'That did not work',
  },
  'zh-CN': {
    failed: '操作未成功',
  },
} as const
