/** A stream that was cut off: what came of it is true, but it is not all. */
export class StreamTruncated extends Error {
  override readonly name = 'StreamTruncated'
  /** Bytes of the body that had come. */
  readonly bytes: number
  /** The problem document that the server sent before it cut the stream, where the format has one. */
  readonly problem: Readonly<Record<string, unknown>> | undefined

  /** @param options `cause` is what the connection, or in memory the source, failed with. */
  constructor(
    bytes: number,
    options: {
      readonly cause?: unknown
      readonly problem?: Readonly<Record<string, unknown>> | undefined
    } = {},
  ) {
    const { cause, problem } = options
    const why = typeof problem?.['title'] === 'string' ? problem['title'] : messageOf(cause)
    super(`The stream was cut off after ${bytes} bytes${why === '' ? '.' : `: ${why}`}`, { cause })
    this.bytes = bytes
    this.problem = problem
  }
}

function messageOf(cause: unknown): string {
  try {
    return cause instanceof Error ? String(cause.message) : ''
  } catch {
    // A revoked proxy, or a getter that throws.
    return ''
  }
}
