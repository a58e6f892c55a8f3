import type { Text } from '../../text.ts'

/** What can be run at the end to see that a stack is whole; the last three compute on an NPU. */
export const sourceChecks = ['imports', 'torch_npu', 'mindspore', 'mindformers'] as const
export type SourceCheck = (typeof sourceChecks)[number]

/** A repository that a guide clones. */
export interface Source {
  /** Also the name of its folder. */
  readonly name: string
  readonly url: string
  /** A tag, a branch or a commit; `1.0.0` also finds the tag `v1.0.0`. */
  readonly revision: string
  /** Its list for `pip install -r`, relative to it. */
  readonly requirements?: string
  /** True where the guide installs it with `pip install -e .`. */
  readonly isInstalled?: boolean
  /** A folder of it that belongs on PYTHONPATH; empty for the repository itself. */
  readonly pythonPath?: string
  /** A folder of it that the guide copies into another repository. */
  readonly copied?: { readonly folder: string; readonly into: string }
  /** Folders that the guide makes in it. */
  readonly folders?: readonly string[]
}

/** One framework as the guide of a family sets it up. */
export interface SourceStack {
  readonly label: Text
  /** Name of the folder that holds its repositories. */
  readonly folder: string
  /** What it needs besides, for people: CANN, driver. */
  readonly needs: Text
  /** Version of Python, `3.8`. */
  readonly python: string
  /** In the order in which they are installed. */
  readonly sources: readonly Source[]
  /** What pip installs before the requirements of the repositories. */
  readonly packages: readonly string[]
  /** Packages that no index has: they are installed from the folder of wheels, and left out without one. */
  readonly wheels: readonly string[]
  /** Modules to import at the end. */
  readonly modules: readonly string[]
  readonly checks: readonly SourceCheck[]
}

/** The frameworks of a family, in the order in which they are offered. */
export interface SourceFamily {
  readonly mindspeed?: SourceStack
  readonly modellink?: SourceStack
  readonly mindformers?: SourceStack
}
export type StackName = keyof SourceFamily
export const stackNames = ['modellink', 'mindspeed', 'mindformers'] as const satisfies readonly StackName[]
