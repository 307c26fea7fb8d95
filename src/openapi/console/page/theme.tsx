import { useEffect, useState } from 'preact/hooks'
import { recall, remember } from './memory.ts'

const THEMES = { auto: 'light dark', light: 'light', dark: 'dark' } as const
const ORDER = ['auto', 'light', 'dark'] as const

/** Light, dark, or as the system has it. */
export function Theme() {
  const [theme, setTheme] = useState<keyof typeof THEMES>(() => recall('theme', 'auto'))
  useEffect(() => {
    document.documentElement.style.colorScheme = THEMES[theme]
    remember('theme', theme)
  }, [theme])
  const next = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length]!
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => setTheme(next)}
      aria-label={`Theme: ${theme}`}
      title={`Theme: ${theme}`}
    >
      {theme === 'auto' ? '◐' : theme === 'light' ? '○' : '●'}
    </button>
  )
}
