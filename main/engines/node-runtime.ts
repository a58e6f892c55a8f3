import { existsSync } from 'node:fs'
import { join } from 'node:path'

export interface RuntimeFacts {
  /** Absent under plain Node. */
  readonly electronVersion: string | undefined
  readonly execPath: string
  readonly platform: string
  /** Root of the program: the repository, or the packaged application. */
  readonly root: string
  /** Folder of files beside a packaged application. */
  readonly resources: string | undefined
}

/**
 * The Node that runs the engine. Under plain Node it is the one that runs main. The desktop application brings a Node of
 * its own: with the RunAsNode fuse off Electron cannot act as one, and a utility process could not outlive the
 * application as the supervisors of jobs must.
 */
export function nodeProgram(facts: RuntimeFacts, exists: (path: string) => boolean = existsSync): string {
  if (facts.electronVersion === undefined) return facts.execPath
  const name = facts.platform === 'win32' ? 'node.exe' : 'node'
  const places = [
    ...(facts.resources === undefined ? [] : [join(facts.resources, 'node', name)]),
    join(facts.root, 'node_modules', 'node', 'bin', name),
  ]
  return places.find(exists) ?? name
}
