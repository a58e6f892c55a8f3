import { baseName, parentPath } from '@/forms/model/paths.ts'

export interface Crumb {
  readonly name: string
  readonly path: string
}

/** The folders on the way to a path, the outermost first; both slashes are understood. */
export function crumbsOf(path: string): Crumb[] {
  const crumbs: Crumb[] = []
  for (let at = path; ; at = parentPath(at)) {
    const isTop = parentPath(at) === at
    crumbs.unshift({ name: isTop ? at : baseName(at), path: at })
    if (isTop) return crumbs
  }
}
