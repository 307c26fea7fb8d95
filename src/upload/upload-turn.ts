/** One request at a time per upload. */
import type { Context } from '../core/context.ts'
import { HttpError } from '../core/error.ts'
import { CLOSE } from './upload-problem.ts'

/** A request at work on an upload. */
export interface Turn {
  /** Its sender has given it up. */
  end(): void
  readonly ended: Promise<void>
  /** All has arrived, and its app is at work: it is waited for, and not ended. */
  isProcessed: boolean
}

/** The requests at work, by the upload that they are about. */
export class UploadTurns {
  readonly #turns = new Map<string, Turn>()

  /** Whether a request is at work on an upload. */
  has(id: string): boolean {
    return this.#turns.has(id)
  }

  /**
   * Ends what is at work on an upload, and then does something with it that nobody else disturbs.
   *
   * @throws {HttpError} 409 when another request has ended this one.
   */
  async take<T>(id: string, context: Context, act: (turn: Turn) => Promise<T>): Promise<T> {
    for (let before = this.#turns.get(id); before !== undefined; before = this.#turns.get(id)) {
      if (!before.isProcessed) before.end()
      await before.ended
    }
    let done = () => {}
    const ended = new Promise<void>((resolve) => (done = resolve))
    let overtaken: HttpError | undefined
    const end = () => {
      overtaken = new HttpError('CONFLICT', {
        detail: 'Another request goes on with this upload.',
        headers: CLOSE,
      })
      context.request.cancellation.cancel('error', overtaken)
    }
    const turn: Turn = { ended, end, isProcessed: false }
    this.#turns.set(id, turn)
    try {
      return await act(turn)
    } catch (error) {
      throw error === context.request.cancellation.error && overtaken !== undefined ? overtaken : error
    } finally {
      this.#turns.delete(id)
      done()
    }
  }
}
