/**
 * nginx as a server of one file: the best way there is to send one (sendfile, one process), as the measure for
 * `reply.file`. It tells nothing about itself, so its CPU is read from /proc.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const binary = '/usr/sbin/nginx'

/** nginx's version, or undefined where it is missing. @returns {string | undefined} */
export function nginxVersion() {
  const { status, stderr } = spawnSync(binary, ['-v'], { encoding: 'utf8' })
  return status === 0 ? /nginx\/(\S+)/.exec(stderr)?.[1] : undefined
}

/** @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
      server.close(() => resolve(port))
    })
  })

/** What starts it, and where it will listen. @returns {Promise<{ command: string[], port: number }>} */
export async function nginxCommand(/** @type {string} */ file) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-nginx-'))
  // However the bench ends; nginx itself is killed, and leaves what it had there.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const config = `daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port};
    location = /download { alias ${file}; default_type application/octet-stream; }
  }
}
`
  writeFileSync(join(folder, 'nginx.conf'), config)
  return { command: [binary, '-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')], port }
}

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100

/** CPU seconds and resident bytes of a process, all its threads. */
export function processStats(/** @type {number} */ pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  return { cpu: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond, rss: pages * 4096 }
}
