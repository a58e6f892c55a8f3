/**
 * The printable character that byte-level vocabularies write for each byte: printable Latin-1 bytes stand for
 * themselves, the others for U+0100 onwards in order.
 */
export const byteCharacters: readonly string[] = (() => {
  const characters: string[] = []
  let next = 0x100
  for (let byte = 0; byte < 256; byte++) {
    const isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
    characters.push(String.fromCharCode(isPrintable ? byte : next++))
  }
  return characters
})()

const bytesByCharacter = new Map(byteCharacters.map((character, byte) => [character, byte]))

/** The byte that a piece such as `<0x0A>` stands for; null for other pieces. */
export const byteOfPiece = (piece: string): number | null =>
  /^<0x[0-9A-F]{2}>$/.test(piece) ? Number.parseInt(piece.slice(3, 5), 16) : null

/** A text's UTF-8 bytes, each written as its character. */
export function toByteCharacters(text: string): string {
  let result = ''
  for (const byte of Buffer.from(text, 'utf8')) result += byteCharacters[byte]
  return result
}

/** The bytes that a token of a byte-level vocabulary stands for; null when it holds other characters. */
export function fromByteCharacters(piece: string): Uint8Array | null {
  const bytes = new Uint8Array(piece.length)
  for (const [i, character] of Array.from(piece).entries()) {
    const byte = bytesByCharacter.get(character)
    if (byte === undefined) return null
    bytes[i] = byte
  }
  return bytes
}
