import type { Dtype, ModelShape } from '../../protocol/passport.ts'
import type { CanonicalTensor, TensorSource } from '../checkpoint.ts'
import { RandomFile, type LentFile } from '../formats/random-file.ts'
import type { StoredTensor } from '../formats/stored-tensor.ts'
import { MergedSource } from '../lora/merge.ts'
import { AssembledSource, type Span } from './assembled.ts'
import { CastSource, cutVocabulary } from './cast.ts'

/** A source in words that cross threads. Files are numbers in the book that they were written with. */
export type SourceRecipe =
  | {
      readonly kind: 'assembled'
      readonly path: string
      readonly model: ModelShape
      readonly tensors: ReadonlyMap<string, CanonicalTensor>
      readonly spans: ReadonlyMap<string, readonly LentSpan[]>
    }
  | {
      readonly kind: 'cast'
      readonly source: SourceRecipe
      readonly dtype: Dtype
      readonly overflows: number
    }
  | {
      readonly kind: 'cut'
      readonly source: SourceRecipe
      readonly vocab: number
      readonly model: ModelShape
    }
  | {
      readonly kind: 'merged'
      readonly base: SourceRecipe
      readonly adapters: SourceRecipe
      readonly scale: number
    }

export type LentSpan = Omit<Span, 'stored'> & {
  readonly stored: Omit<StoredTensor, 'file'> & { readonly file: number }
}

/** What the recipes of one request share: open files, and where overflows are counted. */
export class RecipeBook {
  readonly #files = new Map<RandomFile, number>()
  readonly #counts: Map<string, number>[] = []

  /** The number of a file. */
  lend(file: RandomFile): number {
    const known = this.#files.get(file)
    if (known !== undefined) return known
    this.#files.set(file, this.#files.size)
    return this.#files.size - 1
  }

  /** The number of a map of counts: what a thread counts is added to it. */
  count(overflows: Map<string, number>): number {
    const known = this.#counts.indexOf(overflows)
    return known < 0 ? this.#counts.push(overflows) - 1 : known
  }

  files(): LentFile[] {
    return [...this.#files.keys()].map((file) => file.lend())
  }

  /** Adds what a thread counted. */
  add(counted: readonly ReadonlyMap<string, number>[]): void {
    counted.forEach((overflows, index) => {
      const into = this.#counts[index]
      for (const [name, count] of overflows) into?.set(name, (into.get(name) ?? 0) + count)
    })
  }
}

/** A source made from its recipe, with the maps that it counts overflows in. */
export interface RevivedSource {
  readonly source: TensorSource
  readonly counted: readonly Map<string, number>[]
}

/** Makes a source in the thread that got its recipe. @param lent the files of the recipe's book */
export function revive(recipe: SourceRecipe, lent: readonly LentFile[]): RevivedSource {
  const files = lent.map((file) => RandomFile.borrow(file))
  const counted: Map<string, number>[] = []
  const make = (part: SourceRecipe): TensorSource => {
    switch (part.kind) {
      case 'assembled':
        return new AssembledSource(part.path, part.model, part.tensors, ownSpans(part.spans, files))
      case 'cast':
        return new CastSource(make(part.source), part.dtype, (counted[part.overflows] ??= new Map()))
      case 'cut':
        return cutVocabulary(make(part.source), part.vocab, part.model)
      case 'merged':
        return new MergedSource(make(part.base), make(part.adapters), part.scale)
    }
  }
  return { source: make(recipe), counted }
}

function ownSpans(
  spans: ReadonlyMap<string, readonly LentSpan[]>,
  files: readonly RandomFile[],
): Map<string, readonly Span[]> {
  const own = new Map<string, readonly Span[]>()
  for (const [name, parts] of spans) {
    own.set(
      name,
      parts.map((span) => ({ ...span, stored: { ...span.stored, file: files[span.stored.file] as RandomFile } })),
    )
  }
  return own
}
