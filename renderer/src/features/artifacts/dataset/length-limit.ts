/** The power of two that a line over `end` tokens moves by: about a pixel, and a length that hardware likes. */
export const limitStep = (end: number): number => 2 ** Math.max(0, Math.floor(Math.log2(end / 256)))
