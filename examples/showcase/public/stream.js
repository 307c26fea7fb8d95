// Reading replies while they arrive.

/** The server said no: its status, and its problem document if it sent one. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? problem?.title ?? `The server answered ${status}.`)
    this.status = status
    this.problem = problem
  }
}

/** A reply whose body has not been read yet. */
export async function open(url, { signal, accept = '*/*', headers } = {}) {
  const response = await fetch(url, { signal, headers: { accept, ...headers }, cache: 'no-store' })
  if (!response.ok) throw new Refused(response.status, await response.json().catch(() => undefined))
  return response
}

/** The bytes of a body, piece by piece. */
export async function* pieces(body) {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

/** The lines of a body: each time some arrive, an array of them. */
export async function* lines(body) {
  let rest = ''
  for await (const piece of pieces(body.pipeThrough(new TextDecoderStream()))) {
    const arrived = (rest + piece).split('\n')
    rest = arrived.pop()
    if (arrived.length > 0) yield arrived
  }
}
