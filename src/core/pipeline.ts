import type { BodyPlan } from './body/body-plan.ts'
import type { Uses } from './dependency/dependency.ts'
import type { InputIssue } from './error.ts'
import { type Exchange, ExchangeView } from './exchange.ts'
import { assertNoIssues, hasInputs, type InputOptions, type Inputs, readInputs } from './input.ts'
import { provide } from './dependency/provide.ts'
import { Reply } from './reply/reply.ts'
import type { Middleware } from './route.ts'
import { adopt } from './reply/stream-reply.ts'

/** Answers a request that was matched. Synchronous as long as everything in it is. */
export type Answer = (exchange: Exchange) => Reply | Promise<Reply>

/** Goes on with a value now, or when its promise has settled. */
export function chain<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Composes middleware around an answer, once, when the app starts. The first one is outermost. */
export function compose(middleware: readonly Middleware[], answer: Answer): Answer {
  return middleware.reduceRight<Answer>((inner, current) => wrap(current, inner), answer)
}

function wrap(middleware: Middleware, inner: Answer): Answer {
  const name = middleware.name === '' ? 'A middleware' : `Middleware "${middleware.name}"`
  return (exchange) => {
    let called = false
    let given: Reply | undefined
    const next = async (): Promise<Reply> => {
      if (called) throw new Error(`${name} called next() twice.`)
      called = true
      return (given = await inner(exchange))
    }
    return chain(middleware(exchange as never, next), (reply) => {
      // A stream of its own, or what it has made of one: it may fail before its first chunk, too.
      if (reply instanceof Reply) return adopt(reply === given ? reply : reply.copy(), exchange)
      throw new TypeError(
        `${name} returned no reply. Return what next() resolves to, or a reply.* of your own.`,
      )
    })
  }
}

/** What stands between the match and the handler. */
export interface Preparation {
  readonly uses: Uses
  readonly inputs: InputOptions
  readonly body: BodyPlan | undefined
}

/**
 * Puts the preparation in front of an answer: dependencies first, so that a guard refuses before
 * anything is validated; then the inputs; the body last, so that nothing is read in vain.
 */
export function prepare({ uses, inputs, body }: Preparation, answer: Answer): Answer {
  const hasUses = Object.keys(uses).length > 0
  const validated = hasInputs(inputs) || body !== undefined ? withInputs(inputs, body, answer) : answer
  if (!hasUses) return validated
  return (exchange) => {
    const values: Record<string, unknown> = {}
    // A view, so that no dependency can take the place of something of ours by its name.
    const withValues: Answer = () => {
      exchange.context = new ExchangeView(exchange, values)
      return validated(exchange)
    }
    return proceed(exchange, provide(exchange, uses, values), withValues)
  }
}

/**
 * Goes on as long as somebody wants the answer. A handler that begins after its client has left would
 * wait for a signal that has been given already, and many do not look.
 */
function proceed(exchange: Exchange, prepared: void | Promise<void>, next: Answer): Reply | Promise<Reply> {
  if (prepared === undefined) return next(exchange)
  return prepared.then(() => {
    const { error } = exchange.cancellation
    if (error !== undefined) throw error
    return next(exchange)
  })
}

function withInputs(options: InputOptions, body: BodyPlan | undefined, answer: Answer): Answer {
  return (exchange) => {
    const issues: InputIssue[] = []
    const inputs: Inputs & { body?: unknown } = {}
    const accept = () => {
      assertNoIssues(issues)
      exchange.accept(inputs)
      return answer(exchange)
    }
    const done = readInputs(exchange, options, issues, inputs)
    if (body === undefined) return proceed(exchange, done, accept)
    return chain(done, () => {
      exchange.bodyIntake.assertReadable()
      return proceed(exchange, body(exchange, issues, inputs), accept)
    })
  }
}
