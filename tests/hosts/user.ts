import { execFileSync } from 'node:child_process'

/** A user of this machine with a password, removed with everything of it at the end. Needs root. */
export class ThrowAwayUser implements Disposable {
  readonly name: string

  constructor(password: string) {
    this.name = `awbtest${process.pid % 100_000}`
    execFileSync('useradd', ['--create-home', '--shell', '/bin/sh', this.name])
    execFileSync('chpasswd', { input: `${this.name}:${password}\n` })
  }

  [Symbol.dispose](): void {
    execFileSync('userdel', ['--force', '--remove', this.name], { stdio: 'ignore' })
  }
}
