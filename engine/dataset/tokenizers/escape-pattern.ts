/** A text as a regular expression that matches just it (also in Unicode mode). */
export const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
