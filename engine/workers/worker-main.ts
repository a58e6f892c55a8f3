/** Entry of a thread when the program runs from its sources. */
import { workerData } from 'node:worker_threads'
import { runWorker } from './worker.ts'

await runWorker(workerData)
