import { crc32 } from 'node:zlib'
import type { AsyncBuffer, RowGroup } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'

/**
 * Looks after the checksums of all pages of a row group, where its writer left some: a CRC32 of each page as it is
 * stored (Parquet's PageHeader.crc), without which a flipped bit in a text is just another text.
 * @throws RangeError naming column and page
 */
export async function verifyChecksums(file: AsyncBuffer, { columns }: RowGroup): Promise<void> {
  for (const { meta_data: column } of columns) {
    if (column === undefined) continue
    const start = Number(column.dictionary_page_offset ?? column.data_page_offset)
    const bytes = await file.slice(start, start + Number(column.total_compressed_size))
    verifyPages(new DataView(bytes), column.path_in_schema.join('.'))
  }
}

function verifyPages(view: DataView<ArrayBuffer>, column: string): void {
  const reader = { view, offset: 0 }
  for (let page = 1; reader.offset < view.byteLength; page++) {
    const { crc, compressed_page_size: size } = parquetHeader(reader)
    // A writer gives all pages of a column one, or none.
    if (crc === undefined) return
    if (!(size >= 0) || size > view.byteLength - reader.offset) {
      throw new RangeError(`column ${column}: page ${page} is cut off`)
    }
    const stored = new Uint8Array(view.buffer, view.byteOffset + reader.offset, size)
    if (crc32(stored) !== crc >>> 0) throw new RangeError(`column ${column}: page ${page} has another checksum`)
    reader.offset += size
  }
}
