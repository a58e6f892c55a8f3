import { z } from 'zod'

/** Must be imported before any schema is made: the page's content security policy forbids generated code. */
z.config({ jitless: true })
