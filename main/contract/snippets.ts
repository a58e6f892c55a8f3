import { snippets as snippetsContract } from '#contract/index.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { SnippetBook } from '../terminals/snippet-book.ts'
import { source } from './source.ts'

export const snippetsTopic = (snippets: SnippetBook): Service =>
  implement(snippetsContract, {
    watch: () =>
      source(
        () => snippets.list(),
        (emit) => snippets.onChange(emit),
      ),
    save: (snippet) => ({ id: snippets.save(snippet) }),
    remove: ({ id }) => {
      snippets.remove(id)
      return {}
    },
  })
