import type { z, ZodType } from 'zod'

/** A JSON column as its schema's type. */
export function fromJson<S extends ZodType>(schema: S, text: string): z.output<S> {
  return schema.parse(JSON.parse(text))
}

export const toJson = (value: unknown): string => JSON.stringify(value)
