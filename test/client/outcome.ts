/** What came of a stream, and how it ended. */
export async function outcome(stream: AsyncIterable<unknown>) {
  const items: unknown[] = []
  try {
    for await (const item of stream) items.push(item)
    return { items, end: 'complete' as const }
  } catch (error) {
    return { items, end: error }
  }
}
