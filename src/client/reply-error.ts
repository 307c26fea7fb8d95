import { isProblem } from '../wire/item.ts'
import type { ERROR_TABLE, ErrorCode, InputIssue, Problem } from '../core/error.ts'

/** The codes of the error table that have a status. */
type CodeOf<S> = { [C in ErrorCode]: (typeof ERROR_TABLE)[C][0] extends S ? C : never }[ErrorCode]

/** A 422 lists what is wrong, and where. */
interface Invalid {
  readonly status: 422
  readonly code: 'VALIDATION_FAILED'
  readonly problem: Problem & { readonly errors: readonly InputIssue[] }
}

/**
 * The server answered with an error.
 *
 * @example
 * if (error instanceof ReplyError && error.is('VALIDATION_FAILED')) show(error.problem.errors)
 */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
  readonly status: number
  /** A code of the error table, a code of the app, or `HTTP_<status>` for a reply that is no problem document. */
  readonly code: string
  /** The problem document (RFC 9457); made of the status where the reply was none, as a proxy's is not. */
  readonly problem: Problem
  readonly headers: Headers
  /** The body as it came. */
  readonly body: string

  /** @param request what was asked, for example `GET /items/:id`. */
  constructor(request: string, response: Response, body: string) {
    const { status } = response
    const problem = parseProblem(body) ?? {
      type: 'about:blank',
      title: response.statusText || `Error ${status}`,
      status,
      code: `HTTP_${status}`,
    }
    const { code, detail, title } = problem
    super(`${request} answered ${status} ${code}: ${detail ?? title}`)
    this.status = status
    this.code = code
    this.problem = problem
    this.headers = response.headers
    this.body = body
  }

  /**
   * Whether it is the error with this code, this status, or this problem type (the URI under `type`).
   * Inside the condition its fields have the types that go with it.
   */
  is(code: 'VALIDATION_FAILED'): this is Invalid
  is<const Code extends ErrorCode>(
    code: Code,
  ): this is { readonly status: (typeof ERROR_TABLE)[Code][0]; readonly code: Code }
  is<const Status extends number>(
    status: Status,
  ): this is { readonly status: Status; readonly code: CodeOf<Status> }
  is(code: string): boolean
  is(what: string | number): boolean {
    return what === this.status || what === this.code || what === this.problem.type
  }
}

/** Any document with a title and a status will do: not every server has codes. */
function parseProblem(text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Partial<Problem> | null
    if (!isProblem(value)) return undefined
    return { code: `HTTP_${value.status}`, type: 'about:blank', ...value } as Problem
  } catch {
    return undefined
  }
}
