import { AppError } from '../../../protocol/errors/index.ts'
import type { FamilyDefinition } from '../../../protocol/family.ts'
import { llama2 } from './llama2.ts'
import { mistral } from './mistral.ts'
import { qwen15 } from './qwen1-5.ts'
import { telechat2 } from './telechat2.ts'

/** Families whose checkpoints can be read and written. */
export class FamilyCatalog {
  readonly all: readonly FamilyDefinition[]

  /** @param definitions the first one of an id or an architecture counts */
  constructor(definitions: readonly FamilyDefinition[]) {
    this.all = definitions
  }

  find(id: string): FamilyDefinition | undefined {
    return this.all.find((definition) => definition.id === id)
  }

  /** @throws AppError `checkpoint.familyUnknown` */
  get(id: string): FamilyDefinition {
    const found = this.find(id)
    if (found !== undefined) return found
    throw new AppError('checkpoint.familyUnknown', { family: id, known: this.all.map((known) => known.id).join(', ') })
  }

  /** The family of a config.json: by its architectures where it lists them, else by its model_type. */
  forConfig(architectures: readonly string[] | undefined, modelType: unknown): FamilyDefinition | undefined {
    if (architectures === undefined) return this.all.find((definition) => definition.modelType === modelType)
    return this.all.find((definition) => architectures.some((name) => definition.architectures.includes(name)))
  }
}

/** The families that come with the engine. */
export const shippedFamilies = new FamilyCatalog([llama2, qwen15, mistral, telechat2])
