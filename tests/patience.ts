import { vi } from 'vitest'

/** `vi.waitFor` gives up after a second, which a busy machine needs for what is there at once on an idle one. */
const PATIENCE_MS = 30_000
const waitFor = vi.waitFor
vi.waitFor = (look, options) => waitFor(look, options ?? { timeout: PATIENCE_MS })
