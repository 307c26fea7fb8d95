// One module per panel. Each finds its own section of the page and brings it to life.
import './video.js'
import './ticks.js'
import './clip.js'
import './resume.js'
import './download.js'
import './data.js'
import './chat.js'
import './items.js'
