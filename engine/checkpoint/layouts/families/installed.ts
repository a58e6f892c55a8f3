import { shippedFamilies, type FamilyCatalog } from './catalog.ts'

/** All families that this engine knows now. */
export const knownFamilies = (): Promise<FamilyCatalog> => Promise.resolve(shippedFamilies)
