const POINTS = 120 // how many fit between the two edges

/** A line chart that scrolls: the newest value is at its right end. */
export function createChart(canvas) {
  const context = canvas.getContext('2d')
  const dark = matchMedia('(prefers-color-scheme: dark)')
  let values = []
  let width = 0
  let height = 0

  function draw() {
    const style = getComputedStyle(canvas)
    const accent = style.getPropertyValue('--accent')
    const right = width - 52 // room for the labels
    const { low, high, step } = scaleOf(values)
    const x = (i) => (values.length > POINTS ? (i / (values.length - 1)) * right : (i / (POINTS - 1)) * right)
    const y = (value) => height - 10 - ((value - low) / (high - low)) * (height - 20)

    context.clearRect(0, 0, width, height)
    context.font = `12px ${style.fontFamily}`
    context.textBaseline = 'middle'
    context.fillStyle = style.getPropertyValue('--muted')
    context.strokeStyle = style.getPropertyValue('--line')
    context.lineWidth = 1
    for (let label = low; label <= high + step / 2; label += step) {
      const at = Math.round(y(label)) + 0.5
      stroke([
        [0, at],
        [right, at],
      ])
      context.fillText(label.toFixed(step < 1 ? 1 : 0), right + 12, at)
    }
    if (values.length === 0) return

    const line = values.map((value, i) => [x(i), y(value)])
    const [endX, endY] = line.at(-1)
    context.fillStyle = context.strokeStyle = accent
    context.globalAlpha = 0.1
    path([[line[0][0], height - 10], ...line, [endX, height - 10]])
    context.fill()
    context.globalAlpha = 1
    context.lineWidth = 2
    context.lineJoin = context.lineCap = 'round'
    stroke(line)
    context.beginPath()
    context.arc(endX, endY, 3.5, 0, 2 * Math.PI)
    context.fill()
  }

  function path(points) {
    context.beginPath()
    for (const [x, y] of points) context.lineTo(x, y)
  }

  function stroke(points) {
    path(points)
    context.stroke()
  }

  new ResizeObserver(() => {
    width = canvas.clientWidth
    height = canvas.clientHeight
    canvas.width = width * devicePixelRatio
    canvas.height = height * devicePixelRatio
    context.scale(devicePixelRatio, devicePixelRatio)
    draw()
  }).observe(canvas)
  dark.addEventListener('change', draw)

  return {
    draw,
    clear() {
      values = []
      canvas.dataset.points = '0'
    },
    add(value) {
      values.push(value)
      if (values.length > POINTS) values.shift()
      canvas.dataset.points = String(values.length)
    },
  }
}

/** The lines to draw: two to five round values that hold all of `values` between them. */
function scaleOf(values) {
  const least = Math.min(...values, values[0] ?? 99)
  const most = Math.max(...values, values[0] ?? 101)
  const step = [0.5, 1, 2, 5, 10, 20, 50, 100].find((size) => (most - least) / size <= 4) ?? 200
  const low = Math.floor(least / step) * step
  return { low, high: Math.max(Math.ceil(most / step) * step, low + 2 * step), step }
}
