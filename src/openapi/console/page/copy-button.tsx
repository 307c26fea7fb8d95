import { useEffect, useState } from 'preact/hooks'

/** Copies a text, and says that it has. */
export function CopyButton({ label, text }: { readonly label: string; readonly text: () => string }) {
  const [said, setSaid] = useState('')
  useEffect(() => {
    if (said === '') return undefined
    const timer = setTimeout(() => setSaid(''), 1600)
    return () => clearTimeout(timer)
  }, [said])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text())
      setSaid('copied')
    } catch {
      setSaid('not possible here')
    }
  }
  return (
    <button type="button" class="quiet" onClick={() => void copy()}>
      {label}
      <span class="said" role="status">
        {said}
      </span>
    </button>
  )
}
