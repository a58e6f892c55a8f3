import { contextBridge, ipcRenderer } from 'electron'

/**
 * The bridge of the desktop shell: text frames both ways, nothing else. What they mean is the contract's business, on
 * both sides of it; `ipcRenderer` and its events stay here.
 */
const CHANNEL = 'workbench'
/** The same limit as the browser shell's. In UTF-16 units, which is what a page can count. */
const MAX_FRAME_CHARS = 4 * 1024 * 1024

const listeners = new Set<(text: string) => void>()
const early: string[] = []

ipcRenderer.on(CHANNEL, (_event, text: unknown) => {
  if (typeof text !== 'string') return
  if (listeners.size === 0) early.push(text)
  for (const listener of listeners) listener(text)
})

contextBridge.exposeInMainWorld(
  'workbenchBridge',
  Object.freeze({
    post: (text: unknown) => {
      if (typeof text !== 'string' || text.length > MAX_FRAME_CHARS) {
        throw new TypeError(`a frame is a text of at most ${MAX_FRAME_CHARS} characters`)
      }
      ipcRenderer.send(CHANNEL, text)
    },
    /** Calls the function for each frame, those that came before the first listener first. Answers how to end it. */
    onMessage: (listener: (text: string) => void) => {
      if (typeof listener !== 'function') throw new TypeError('a listener is a function')
      listeners.add(listener)
      for (const text of early.splice(0)) listener(text)
      return () => void listeners.delete(listener)
    },
  }),
)
