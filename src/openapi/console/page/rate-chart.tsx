/** The last thirty seconds as bars, the newest on the right. */
import { bytes, count, perSecond } from './quantity.ts'
import { BIN_MS, BINS, type RateMeter } from './rate.ts'

const HEIGHT = 40

export function RateChart({
  rate,
  at,
  what,
}: {
  readonly rate: RateMeter
  readonly at: number
  readonly what: 'items' | 'bytes'
}) {
  const series = rate.series(what, at)
  const peak = Math.max(...series)
  const now = rate.now(what, at)
  const show = (value: number) => (what === 'items' ? `${perSecond(value)} items/s` : `${bytes(value)}/s`)
  const bars = series
    .map((value, i) => {
      const height = peak === 0 ? 0 : (value / peak) * HEIGHT
      return height === 0 ? '' : `M${i + 0.15} ${HEIGHT}v${-Math.max(1, height).toFixed(2)}h.7V${HEIGHT}z`
    })
    .join('')
  return (
    <figure class="rate" aria-label={`${show(now)}, at most ${show(peak)}`}>
      <figcaption>
        <span>{show(now)}</span>
        <span class="muted">
          peak {what === 'items' ? count(peak) : bytes(peak)} · last {count((BINS * BIN_MS) / 1000)} s
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${BINS} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={bars} />
      </svg>
    </figure>
  )
}
