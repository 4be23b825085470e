/** 0 all good, 1 some records refused, 2 unusable input or environment. */
export type ExitCode = 0 | 1 | 2;

/** Ends a command with a message for stderr; the text must hold no PHI. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode = 2, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** A line of words for the person at the terminal; data goes to stdout only. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
