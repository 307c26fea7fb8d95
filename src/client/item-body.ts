/** Items as the body of a request, as they are made. */

interface ItemBody {
  readonly body: ReadableStream<Uint8Array>
  readonly type: string
  /** It can be read only once. */
  readonly once: true
  /** Ends the items. A body whose request was never sent has nobody else to do it. */
  readonly cancel: () => void
}

/**
 * Bytes as they are, anything else as JSON Lines: the first item decides.
 *
 * @param signal ends the wait for the first item.
 */
export async function encodeItems(items: AsyncIterable<unknown>, signal: AbortSignal): Promise<ItemBody> {
  const iterator = items[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  // Why the call failed is what is told, and not what happens here.
  const cancel = () => void (async () => iterator.return?.())().catch(() => {})
  const first = await new Promise<IteratorResult<unknown>>((resolve, reject) => {
    const leave = () => {
      reject(signal.reason as Error)
      cancel()
    }
    // It may have come while this module was loaded.
    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave)
    iterator.next().then(resolve, reject)
  })
  const isBytes = first.value instanceof Uint8Array
  let result: IteratorResult<unknown> | undefined = first
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = result ?? (await iterator.next())
        result = undefined
        if (done === true) controller.close()
        else
          controller.enqueue(isBytes ? (value as Uint8Array) : encoder.encode(`${JSON.stringify(value)}\n`))
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
  return { body, type: isBytes ? 'application/octet-stream' : 'application/jsonl', once: true, cancel }
}
