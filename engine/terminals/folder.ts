import { join } from 'node:path'
import type { z } from 'zod'
import { stateDir } from '../host/dirs.ts'
import { TerminalInfo, TerminalSize } from '../protocol/terminals.ts'

export const terminalsDir = (): string => join(stateDir(), 'terminals')

/** What the keeper is started with. */
export const TerminalSpec = TerminalInfo.extend({ size: TerminalSize })
export type TerminalSpec = z.infer<typeof TerminalSpec>

/** Files of one terminal. */
export const terminalFiles = (folder: string) =>
  ({
    spec: join(folder, 'spec.json'),
    socket: join(folder, 'socket'),
    pid: join(folder, 'pid'),
    /** Name of the terminal's device, written by the shell's side. */
    tty: join(folder, 'tty'),
  }) as const
