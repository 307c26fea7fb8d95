/** What whoever typed a command is told, instead of a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  /** 1 for what went wrong, 2 for what was typed wrong. */
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
