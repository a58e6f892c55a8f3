import { z } from 'zod'
import { AppError } from '../protocol/errors/index.ts'
import type { NumberField, Trait } from '../protocol/family.ts'

const count = z.number().int().positive()
const positive = z.number().positive()

/**
 * Reads the fields of a config.json where a family has them.
 *
 * @throws AppError `checkpoint.configInvalid` naming the field, from every method
 */
export class ConfigFields {
  readonly #config: Readonly<Record<string, unknown>>
  readonly #path: string

  constructor(config: Readonly<Record<string, unknown>>, path: string) {
    this.#config = config
    this.#path = path
  }

  parse<S extends z.ZodType>(schema: S): z.infer<S> {
    const parsed = schema.safeParse(this.#config)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw this.#invalid(issue?.path.join('.') ?? '', issue?.message ?? '')
  }

  count(place: NumberField): number {
    return this.#read(place, count) ?? this.#missing(place)
  }

  number(place: NumberField): number {
    return this.#read(place, positive) ?? this.#missing(place)
  }

  /** A count that may be left out, and then has no default. */
  optional(place: NumberField | undefined): number | undefined {
    return place === undefined ? undefined : this.#read(place, count)
  }

  /** What the file itself says, without the default. */
  given({ fields }: NumberField): number | undefined {
    return this.#read({ fields }, positive)
  }

  flag(trait: Trait): boolean {
    if (typeof trait === 'boolean') return trait
    return this.#read(trait, z.boolean()) ?? trait.default
  }

  invalid({ fields }: NumberField, reason: string): AppError {
    return this.#invalid(fields[0] ?? '', reason)
  }

  #read<T>({ fields, default: fallback }: { fields: string[]; default?: T | undefined }, schema: z.ZodType<T>) {
    for (const field of fields) {
      const value = this.#config[field]
      if (value === undefined || value === null) continue
      const parsed = schema.safeParse(value)
      if (parsed.success) return parsed.data
      throw this.#invalid(field, parsed.error.issues[0]?.message ?? '')
    }
    return fallback
  }

  #missing({ fields }: NumberField): never {
    throw this.#invalid(fields[0] ?? '', 'missing')
  }

  #invalid(field: string, reason: string): AppError {
    return new AppError('checkpoint.configInvalid', { file: this.#path, field, reason })
  }
}
