/** What the page keeps over a reload: in this tab, and nowhere else. */
export function remember(key: string, value: unknown): void {
  try {
    sessionStorage.setItem(`millrace:${key}`, JSON.stringify(value))
  } catch {
    // A full or forbidden store costs only the memory.
  }
}

export function recall<T>(key: string, fallback: T): T {
  try {
    const text = sessionStorage.getItem(`millrace:${key}`)
    return text === null ? fallback : (JSON.parse(text) as T)
  } catch {
    return fallback
  }
}
