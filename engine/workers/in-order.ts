/**
 * Work on the items of a source, several at a time, with results in the order of the items. What is under way is bounded
 * by the weight of the items; one item may exceed the limit by itself. Errors, those of the source too, come in order
 * as well: after the results of all items before.
 * @param limit of the weights together
 */
export async function* inOrder<Item, Result>(
  source: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  weigh: (item: Item) => number,
  limit: number,
): AsyncGenerator<Result, void, undefined> {
  const waiting: { readonly result: Promise<Result>; readonly weight: number }[] = []
  let under = 0
  async function* down(to: number): AsyncGenerator<Result, void, undefined> {
    while (under > to) {
      const first = waiting.shift()
      if (first === undefined) return
      under -= first.weight
      yield await first.result
    }
  }
  const items = guarded(source)
  for await (const item of items) {
    if ('error' in item) {
      yield* down(0)
      throw item.error
    }
    const weight = Math.max(1, weigh(item.value))
    const result = work(item.value)
    // It is awaited in its turn.
    result.catch(() => undefined)
    waiting.push({ result, weight })
    under += weight
    yield* down(limit)
  }
  yield* down(0)
}

/** The items, and at the end the error where there is one. */
async function* guarded<Item>(source: AsyncIterable<Item>): AsyncGenerator<{ value: Item } | { error: unknown }> {
  try {
    for await (const value of source) yield { value }
  } catch (error) {
    yield { error }
  }
}
