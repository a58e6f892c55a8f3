/**
 * Adapters by canonical names: `layers.<i>.q.loraB` has the rows of `q` and a column per rank; what is packed into one
 * module (`q`, `k`, `v`) shares one `layers.<i>.q+k+v.loraA` with a row per rank.
 */
export const adapterB = (tensor: string): string => `${tensor}.loraB`
export const adapterA = (parts: readonly string[]): string => `${parts.join('+')}.loraA`

/** Modules whose parts share a canonical A. */
export const packedParts: readonly (readonly string[])[] = [['q', 'k', 'v'], ['o'], ['gate', 'up'], ['down']]
