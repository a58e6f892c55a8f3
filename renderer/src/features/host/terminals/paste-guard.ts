/** What a paste holds that one may not have seen when copying it. */
export interface PasteRisk {
  /** More than one: a shell runs each as it comes. */
  readonly lines: number
  /** Characters that move the cursor, hide text or end the paste early. */
  readonly hasControls: boolean
}

// Tabs and ends of lines are what texts have; everything else below a blank, DEL and the second set are commands.
// eslint-disable-next-line no-control-regex -- the point of it
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g

/** Null for what can be pasted without a question. A last line's end does not count as another line. */
export function pasteRisk(text: string): PasteRisk | null {
  const lines = text.replace(/[\r\n]+$/, '').split(/\r\n|\r|\n/).length
  const hasControls = text.search(CONTROLS) !== -1
  return lines > 1 || hasControls ? { lines, hasControls } : null
}

/** The text without the characters that do more than write. */
export const withoutControls = (text: string): string => text.replace(CONTROLS, '')
