/**
 * The one entry of the engine: `awb` on the command line, the service over stdio, and the processes and threads that
 * it starts of itself. Only what the chosen role needs is loaded.
 */
import { isMainThread, workerData } from 'node:worker_threads'

if (!isMainThread && (workerData as { awbRole?: string } | null)?.awbRole) {
  const { runWorker } = await import('./workers/worker.ts')
  await runWorker(workerData)
} else {
  await main(process.argv.slice(2))
}

async function main(args: string[]): Promise<void> {
  const [role, folder] = args
  if (role === 'serve' && args.length === 1) {
    const { serveStdio } = await import('./cli/serve-stdio.ts')
    serveStdio()
  } else if (role === 'supervise' && folder !== undefined) {
    const { supervise } = await import('./jobs/supervisor.ts')
    const { JobFolder } = await import('./jobs/job-folder.ts')
    await supervise(new JobFolder(folder))
    process.exit(0)
  } else if (role === 'terminal' && folder !== undefined) {
    const { keepTerminal } = await import('./terminals/keeper.ts')
    await keepTerminal(folder)
    process.exit(0)
  } else if (role === 'task' && folder !== undefined) {
    const { runTaskOfJob } = await import('./tasks/run-job.ts')
    const { JobFolder } = await import('./jobs/job-folder.ts')
    process.exit(await runTaskOfJob(new JobFolder(folder)))
  } else {
    const { runProgram } = await import('./cli/program.ts')
    process.exitCode = await runProgram(args)
  }
}
