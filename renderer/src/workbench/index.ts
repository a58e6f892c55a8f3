import type { Workbench } from './workbench.ts'

export { createWorkbench, type Clients, type Link, type LinkStatus, type Workbench } from './workbench.ts'
export { transportOpener } from './open.ts'

let installed: Workbench | null = null

/** One workbench per page; a test installs a fresh one before it mounts anything. */
export function installWorkbench(workbench: Workbench): void {
  installed = workbench
}

export function useWorkbench(): Workbench {
  if (!installed) throw new Error('No workbench is installed')
  return installed
}
