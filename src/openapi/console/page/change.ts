import { useEffect, useRef, useState } from 'preact/hooks'

/**
 * A function that draws the component again: once per frame, however often it is called. Where something runs the
 * clock moves without it, so it is called now and then by itself.
 */
export function useChange(): () => void {
  const [, setTurn] = useState(0)
  const frame = useRef(0)
  useEffect(() => () => cancelAnimationFrame(frame.current), [])
  const changed = useRef(() => {
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0
      setTurn((turn) => turn + 1)
    })
  })
  return changed.current
}

/** Draws the component every so many milliseconds, as long as `active`. */
export function useClock(active: boolean, ms: number): void {
  const [, setTurn] = useState(0)
  useEffect(() => {
    if (!active) return undefined
    const timer = setInterval(() => setTurn((turn) => turn + 1), ms)
    return () => clearInterval(timer)
  }, [active, ms])
}
