/** What can be run inside a container to see that a framework computes on its NPUs. */
export const frameworkChecks = ['mindspore', 'mindformers', 'torch_npu'] as const
export type FrameworkCheck = (typeof frameworkChecks)[number]

/** What the guides of a family say about its containers. */
export interface ContainerFamily {
  readonly image: string
  /** Name of the container. */
  readonly container: string
  /** Folders and files of driver and tools, as `-v` writes them. */
  readonly systemMounts: readonly string[]
  readonly checks: readonly FrameworkCheck[]
  /** True where the guide starts the container with `--privileged`. */
  readonly isPrivileged?: boolean
  /** Where the framework lies inside the image, unless it is installed. */
  readonly pythonPath?: string
}

/** What every container with NPUs needs of the host; npu-smi lies in either of two places. */
export const driverMounts: readonly string[] = [
  '/usr/local/Ascend/driver',
  '/usr/local/dcmi',
  '/usr/local/bin/npu-smi',
  '/usr/local/sbin/npu-smi',
  '/etc/ascend_install.info',
  '/etc/hccn.conf',
]
