import { contiguousStrides } from './stored-tensor.ts'
import { elementCount, type StoredDtype } from './dtypes.ts'
import { PyStorage, PyTensor } from './python-values.ts'
import { ZipLayout } from './zip-write.ts'

/** A tensor for the structure of a torch file; its bytes become the storage of this number. */
export function torchTensor(storage: number, shape: readonly number[], dtype: StoredDtype): PyTensor {
  return new PyTensor(
    new PyStorage(String(storage), dtype, elementCount(shape)),
    dtype,
    0,
    shape,
    contiguousStrides(shape),
  )
}

/** Where the bytes of a file go; `crc` is the checksum of what was written since the last call. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>
  takeCrc(): number
}

/** Writes the archive of torch.save in one pass: `start`, then each storage in the order of its number, then `finish`. */
export class TorchWriter {
  readonly #sink: ByteSink
  readonly #root: string
  readonly #zip = new ZipLayout()
  #next = 0

  /** @param root name of the folder in the archive: the file's name without its extension */
  constructor(sink: ByteSink, root: string) {
    this.#sink = sink
    this.#root = root
  }

  async start(pickle: Uint8Array): Promise<void> {
    await this.#member('data.pkl', pickle)
    await this.#member('byteorder', Buffer.from('little'))
  }

  /** Announces the next storage; its bytes go to the sink, then `endStorage`. */
  async beginStorage(bytes: number): Promise<void> {
    await this.#sink.write(this.#zip.begin(`${this.#root}/data/${this.#next++}`, bytes))
    this.#sink.takeCrc()
  }

  async endStorage(): Promise<void> {
    await this.#sink.write(this.#zip.end(this.#sink.takeCrc()))
  }

  async finish(): Promise<void> {
    await this.#member('version', Buffer.from('3\n'))
    await this.#sink.write(this.#zip.finish())
  }

  async #member(name: string, content: Uint8Array): Promise<void> {
    await this.#sink.write(this.#zip.begin(`${this.#root}/${name}`, content.length))
    this.#sink.takeCrc()
    await this.#sink.write(content)
    await this.#sink.write(this.#zip.end(this.#sink.takeCrc()))
  }
}
