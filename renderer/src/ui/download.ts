/** Hands a text to the user as a file of this computer. */
export function download(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser reads the object after the click returns.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
