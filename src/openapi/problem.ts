/** What is wrong with a document, each with its place, all of it told at once. */
import { UsageError } from '../core/error.ts'

export class ProblemList {
  readonly #all = new Set<string>()

  readonly report = (place: string, problem: string): void => {
    this.#all.add(`${place}: ${problem}`)
  }

  get all(): readonly string[] {
    return [...this.#all]
  }
}

/** All problems of a document as one message. */
export function problemText(what: string, problems: readonly string[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return [`${what} has ${count}:`, ...problems.map((problem) => `  - ${problem}`)].join('\n')
}

/** @throws {UsageError} that lists all problems, if there are any. */
export function assertNoProblems(what: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new UsageError(problemText(what, problems))
}
