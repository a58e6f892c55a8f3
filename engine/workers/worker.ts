import type { WorkerRole } from './threads.ts'

/**
 * Runs a thread in the role that its `workerData.awbRole` names. The engine's entry must call this, and nothing else,
 * in a thread whose data has such a role: threads are started from the same file as the engine.
 */
export async function runWorker(data: unknown): Promise<void> {
  const { awbRole } = data as { awbRole: WorkerRole }
  switch (awbRole) {
    case 'lane': {
      const { serveLane } = await import('../reference/training/lane-worker.ts')
      serveLane(data)
      break
    }
    case 'checkpoint-compare': {
      const { serveComparing } = await import('../checkpoint/compare-thread.ts')
      serveComparing(data)
      break
    }
    case 'checkpoint-hash': {
      const { serveHashing } = await import('../checkpoint/writing/hashing.ts')
      serveHashing()
      break
    }
    case 'checkpoint-write': {
      const { serveWriting } = await import('../checkpoint/writing/write-thread.ts')
      serveWriting(data)
      break
    }
    case 'chat': {
      const { serveChat } = await import('../reference/generation/chat-worker.ts')
      serveChat()
      break
    }
    case 'encode': {
      const { serveEncoding } = await import('../dataset/encoders/threads.ts')
      serveEncoding(data)
      break
    }
  }
}
