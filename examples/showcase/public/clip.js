import { duration, figuresOf, show } from './panel.js'

const section = document.querySelector('#parts .clip')
const video = section.querySelector('video')
const output = section.querySelector('.state')
const figures = figuresOf(section)

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`

let asked // when the player was sent elsewhere

const draw = () => figures({ at: clock(video.currentTime) })

function ready() {
  figures({ length: clock(video.duration) })
  show(output, 'complete', 'ready')
}

video.addEventListener('loadedmetadata', ready)
video.addEventListener('timeupdate', draw)
video.addEventListener('error', () => show(output, 'failed'))
video.addEventListener('seeking', () => {
  asked = performance.now()
  show(output, 'streaming', 'seeking')
})
video.addEventListener('seeked', () => {
  figures({ took: duration(performance.now() - asked) })
  show(output, 'complete', 'ready')
  draw()
})
if (video.readyState >= HTMLMediaElement.HAVE_METADATA) ready()

section.querySelector('button').addEventListener('click', () => {
  // At least a quarter of the clip away, in either direction.
  const step = video.duration * (0.25 + Math.random() / 2)
  video.currentTime = (video.currentTime + step) % video.duration
})
