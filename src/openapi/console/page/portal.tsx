import { type ComponentChildren, render } from 'preact'
import { useEffect } from 'preact/hooks'

/** Draws into another element of the page: the end of its header. */
export function Portal({
  into,
  children,
}: {
  readonly into: Element | null
  readonly children: ComponentChildren
}) {
  useEffect(() => {
    if (into !== null) render(children as Parameters<typeof render>[0], into)
  })
  return null
}
