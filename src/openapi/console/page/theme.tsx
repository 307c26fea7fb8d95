import { useEffect, useState } from 'preact/hooks'
import { recall, remember } from './memory.ts'

const THEMES = { auto: 'light dark', light: 'light', dark: 'dark' } as const
const ORDER = ['auto', 'light', 'dark'] as const

export type ThemeName = keyof typeof THEMES

/** What was chosen in this tab. */
export const chosenTheme = (): ThemeName => recall<ThemeName>('theme', 'auto')

/** Draws the page, and what says nothing else, in a theme. */
export function applyTheme(theme: ThemeName): void {
  document.documentElement.style.colorScheme = THEMES[theme]
}

/** Light, dark, or as the system has it. */
export function Theme() {
  const [theme, setTheme] = useState(chosenTheme)
  useEffect(() => {
    applyTheme(theme)
    remember('theme', theme)
  }, [theme])
  const next = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length]!
  const name = `Theme: ${theme}`
  return (
    <button type="button" class="quiet" onClick={() => setTheme(next)} aria-label={name} title={name}>
      {theme === 'auto' ? '◐' : theme === 'light' ? '○' : '●'}
    </button>
  )
}
