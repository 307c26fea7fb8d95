/** One hostile connection: a bare socket that sends whatever it likes, and reads only if it likes. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import type { Ports } from './child.ts'

export class Hostile {
  readonly ports: Ports
  readonly #sockets: Socket[] = []
  readonly #share: number
  #isOver = false

  /** @param share how much of its full strength it uses: 1 when it is alone, less among a thousand. */
  constructor(ports: Ports, share: number) {
    this.ports = ports
    this.#share = share
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** So many, as long as it is alone. */
  times(count: number): number {
    return Math.max(1, Math.ceil(count * this.#share))
  }

  /** Milliseconds between two of its acts: longer among many. */
  pause(ms: number): number {
    return this.#share === 1 ? ms : ms * 50
  }

  /** Connects, and drops all that comes. */
  open(port: number, reads = true): Socket {
    return this.#use(connect({ port, host: '127.0.0.1', allowHalfOpen: true }), reads)
  }

  openTls(alpn: string, reads = true): Socket {
    const options = { ALPNProtocols: [alpn], rejectUnauthorized: false }
    return this.#use(connectTls({ port: this.ports.tls, host: '127.0.0.1', ...options }), reads)
  }

  #use(socket: Socket, reads: boolean): Socket {
    this.#sockets.push(socket)
    socket.on('error', () => socket.destroy())
    if (reads) socket.resume()
    else socket.pause()
    return socket
  }

  /** Writes a piece many times, as fast as the server takes it. */
  async flood(socket: Socket, piece: string | Buffer, count: number): Promise<void> {
    const bytes = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece
    const perWrite = Math.max(1, Math.min(count, Math.floor(64_000 / bytes.byteLength)))
    const many = Buffer.concat(Array.from({ length: perWrite }, () => bytes))
    for (let sent = 0; sent < count && this.#canWrite(socket); sent += perWrite) {
      const last = count - sent < perWrite ? many.subarray(0, (count - sent) * bytes.byteLength) : many
      if (!socket.write(last)) await this.#drained(socket)
    }
  }

  /** Does something again and again, until it is over. @param ms how often, when it is alone. */
  async each(socket: Socket, ms: number, act: (turn: number) => void): Promise<void> {
    for (let turn = 0; this.#canWrite(socket); turn++) {
      act(turn)
      await sleep(this.pause(ms), undefined, { ref: false })
    }
  }

  #canWrite(socket: Socket): boolean {
    return !this.#isOver && !socket.destroyed && socket.writable
  }

  async #drained(socket: Socket): Promise<void> {
    while (this.#canWrite(socket) && socket.writableNeedDrain) await sleep(2)
  }

  /** Leaves. */
  end(): void {
    this.#isOver = true
    for (const socket of this.#sockets) socket.destroy()
  }
}
