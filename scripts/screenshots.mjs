/** `npm run screenshots [-- --all FOLDER]`: the pictures of the README, or every screen in every look into a folder. */
import { fileURLToPath } from 'node:url'
import { onProjectNode } from './setup/dependencies.mjs'
import { buildIfStale } from './setup/freshness.mjs'

await onProjectNode(fileURLToPath(import.meta.url))
await buildIfStale()
await import('../tests/e2e/take-screenshots.ts')
