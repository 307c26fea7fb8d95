/** Reads the frames of WebSocket that a server sent (RFC 6455 section 5.2). */

const OPCODES = new Set([0, 1, 2, 8, 9, 10])
/** The most bytes of a control frame. */
const CONTROL_BYTES = 125

/** What is wrong with them; undefined for nothing. What is not whole is not judged. */
export function frameFault(bytes: Buffer): string | undefined {
  for (let at = 0, n = 0; at + 2 <= bytes.length; n++) {
    const [first, second] = [bytes[at]!, bytes[at + 1]!]
    const opcode = first & 15
    const fault = (what: string) => `frame ${n} of the server ${what}: ${bytes.toString('hex', at, at + 16)}`
    if ((first & 0x70) !== 0) return fault('has reserved bits')
    if (!OPCODES.has(opcode)) return fault('has no known opcode')
    if ((second & 0x80) !== 0) return fault('is masked')
    const isControl = opcode >= 8
    if (isControl && ((first & 0x80) === 0 || second > CONTROL_BYTES))
      return fault('is a long or cut control frame')
    const size = sizeAt(bytes, at + 1)
    if (size === undefined) return undefined
    at += size
    if (opcode === 8 && at < bytes.length) return `${bytes.length - at} bytes behind the close of the server`
  }
  return undefined
}

/** The size of a frame from its length on, and the byte in front of it. */
function sizeAt(bytes: Buffer, at: number): number | undefined {
  const said = bytes[at]!
  if (said < 126) return 2 + said
  if (said === 126) return at + 3 <= bytes.length ? 4 + bytes.readUInt16BE(at + 1) : undefined
  return at + 9 <= bytes.length ? 10 + Number(bytes.readBigUInt64BE(at + 1)) : undefined
}
