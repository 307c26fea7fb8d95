/** Sends a file, and goes on where it was when the connection is lost. */
export async function upload(
  url: string,
  data: Blob,
  headers: Record<string, string> = {},
): Promise<Response> {
  const created = await fetch(url, {
    method: 'POST',
    headers: {
      ...headers,
      'upload-complete': '?0',
      'upload-length': String(data.size),
      'content-type': data.type,
    },
  })
  const at = created.headers.get('location')
  if (!created.ok || at === null) return created
  const place = new URL(at, url)
  for (let offset: number | undefined = 0, failures = 0; ;) {
    try {
      if (offset === undefined) {
        const state = await fetch(place, { method: 'HEAD', headers })
        // It is gone, or it is complete, and only the answer was lost.
        if (!state.ok || state.headers.get('upload-complete') === '?1') return state
        offset = Number(state.headers.get('upload-offset'))
      }
      return await fetch(place, {
        method: 'PATCH',
        headers: {
          ...headers,
          'content-type': 'application/partial-upload',
          'upload-offset': String(offset),
          'upload-complete': '?1',
        },
        body: data.slice(offset),
      })
    } catch (error) {
      if (++failures > 10) throw error
      offset = undefined
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** failures))
    }
  }
}
