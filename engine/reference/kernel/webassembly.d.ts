/** The part of the WebAssembly API that is used here; its types come with the DOM's library, which Node code lacks. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: boolean })
    readonly buffer: SharedArrayBuffer
  }
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- that is all that is used of it
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>)
    readonly exports: Record<string, unknown>
  }
}
