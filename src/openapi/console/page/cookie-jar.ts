/** Puts cookies into the browser's jar for one request. Returns what takes them out again. */
export function putCookies(cookies: readonly (readonly [string, string])[]): () => void {
  const put = (name: string, value: string, more: string) => {
    document.cookie = `${encodeURIComponent(name)}=${encodeURIComponent(value)}; path=/; samesite=strict${more}`
  }
  for (const [name, value] of cookies) put(name, value, '')
  return () => {
    for (const [name] of cookies) put(name, '', '; max-age=0')
  }
}
