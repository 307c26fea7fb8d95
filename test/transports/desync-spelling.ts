/** The parts of the corpus of desync.test.ts: spellings of fields, sizes and request lines. */

export const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n'

/**
 * What must become of it:
 * - `refused`: an error and the end of the connection, or just its end
 * - `body`: the other request is part of the body, and that is read whole
 * - `unseen`: refused or body, as the server likes
 * - `second`: by RFC 9112 these are two requests
 */
export type Fate = 'refused' | 'body' | 'unseen' | 'second'

const LENGTH = SMUGGLED.length

/** Both a length and chunks: the coding in every spelling, before and after the length. */
export const CODINGS = [
  'Transfer-Encoding: chunked',
  'transfer-encoding: CHUNKED',
  'Transfer-Encoding:chunked',
  'Transfer-Encoding:  chunked  ',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: chunked\t',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunkedx',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, gzip',
  'Transfer-Encoding: ,chunked',
  'Transfer-Encoding: chunked,',
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding: 'chunked'",
  'Transfer-Encoding: chunked;a=b',
  'Transfer-Encoding: chunked chunked',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: chunked\x0c',
  'Transfer-Encoding: \xa0chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding\t: chunked',
  ' Transfer-Encoding: chunked',
  'X: y\n Transfer-Encoding: chunked',
  'X: y\r\n Transfer-Encoding: chunked',
  'Transfer-Encoding:\r\n chunked',
  'Transfer-Encoding:\n chunked',
  'X: y\nTransfer-Encoding: chunked',
  'X: y\rTransfer-Encoding: chunked',
  'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'Transfer\x00-Encoding: chunked',
  'Transfer-Encoding: chun\x00ked',
  'Transfer-Encoding\x00: chunked',
  ': chunked\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding:',
]

/** Fields that name no coding: for the server there is a length only, and that counts. */
export const OTHER_FIELDS = [
  'Transfer_Encoding: chunked',
  'TransferEncoding: chunked',
  'X-Transfer-Encoding: chunked',
  'TE: chunked',
  'Connection: Transfer-Encoding',
  'Connection: Content-Length',
]

/** Lengths that a lenient reader takes for the number in them. */
export const LENGTHS = [
  `+${LENGTH}`,
  `-${LENGTH}`,
  `${LENGTH} ${LENGTH}`,
  `${LENGTH}, ${LENGTH}`,
  `${LENGTH},${LENGTH}`,
  `${LENGTH}, 0`,
  `0, ${LENGTH}`,
  `0x${LENGTH.toString(16)}`,
  `${LENGTH}.0`,
  `${LENGTH}e0`,
  `${LENGTH}_0`,
  `${LENGTH};`,
  `"${LENGTH}"`,
  `${LENGTH}a`,
  `a${LENGTH}`,
  '',
  '99999999999999999999999999',
  '18446744073709551616',
  `1844674407370955161${LENGTH}`,
  `\x0b${LENGTH}`,
  `${LENGTH}\x00`,
  `\xb2`,
]

/** Sizes of chunks that a lenient reader takes for the number in them. */
const HEX = LENGTH.toString(16)
export const SIZES = [
  `0x${HEX}`,
  `+${HEX}`,
  `-${HEX}`,
  ` ${HEX}`,
  `\t${HEX}`,
  `${HEX}h`,
  `${HEX}_`,
  `g${HEX}`,
  `${HEX}\x00`,
  `${HEX}\x0b`,
  '',
  'fffffffffffffffff',
  `10000000000000000${HEX}`,
  `${HEX}\n`,
  `${HEX}\r`,
]

/** How the lines of a chunk end, where only CRLF may stand (RFC 9112 section 7.1). */
export const CHUNK_ENDS: readonly (readonly [string, string])[] = [
  ['a bare LF after the size', `1\nx\r\n0\r\n\r\n${SMUGGLED}`],
  ['a bare CR after the size', `1\rx\r\n0\r\n\r\n${SMUGGLED}`],
  ['a bare LF after the data', `1\r\nx\n0\r\n\r\n${SMUGGLED}`],
  ['nothing after the data', `1\r\nx0\r\n\r\n${SMUGGLED}`],
  ['two other bytes after the data', `1\r\nxab0\r\n\r\n${SMUGGLED}`],
  ['a bare LF in an extension', `1;a\nx\r\n0\r\n\r\n${SMUGGLED}`],
  ['a bare CR in an extension', `1;a\rb\r\nx\r\n0\r\n\r\n${SMUGGLED}`],
  ['a NUL in an extension', `1;a\x00\r\nx\r\n0\r\n\r\n${SMUGGLED}`],
  ['a bare LF after the last size', `0\n\r\n${SMUGGLED}`],
  ['LF LF at the end', `0\r\n\n${SMUGGLED}`],
]

/** Request lines and versions (RFC 9112 section 3). */
export const LINES: readonly (readonly [line: string, fate: Fate])[] = [
  ['POST / HTTP/2.0', 'unseen'],
  ['POST / HTTP/2', 'refused'],
  ['POST / HTTP/3.0', 'unseen'],
  ['POST / HTTP/1.2', 'unseen'],
  ['POST / HTTP/1.01', 'refused'],
  ['POST / HTTP/01.1', 'refused'],
  ['POST / HTTP/0.9', 'unseen'],
  ['POST / HTTP/1', 'refused'],
  ['POST / HTTP/1,1', 'refused'],
  ['POST / HTTP/11', 'refused'],
  ['POST / http/1.1', 'refused'],
  ['POST / HTTP /1.1', 'refused'],
  ['POST / HTTP/ 1.1', 'refused'],
  ['POST / HTTP/1. 1', 'refused'],
  ['POST /  HTTP/1.1', 'unseen'],
  ['POST  / HTTP/1.1', 'unseen'],
  ['POST\t/ HTTP/1.1', 'refused'],
  ['POST /\tHTTP/1.1', 'refused'],
  [' POST / HTTP/1.1', 'refused'],
  ['POST / HTTP/1.1 ', 'unseen'],
  ['POST / HTTP/1.1 x', 'refused'],
  ['POST / x HTTP/1.1', 'refused'],
  ['POST /', 'unseen'],
  ['POST', 'refused'],
  ['post / HTTP/1.1', 'refused'],
  ['PO\x00ST / HTTP/1.1', 'refused'],
  ['POST /\x00 HTTP/1.1', 'refused'],
  ['POST /\x7f HTTP/1.1', 'refused'],
  ['POST / ICE/1.1', 'refused'],
  ['PRI * HTTP/2.0', 'unseen'],
  ['PRI / HTTP/1.1', 'unseen'],
  ['SM', 'refused'],
  ['BREW / HTTP/1.1', 'refused'],
  ['GET / HTTP/1.1', 'body'],
  ['HEAD / HTTP/1.1', 'unseen'],
  ['DELETE / HTTP/1.1', 'unseen'],
  ['OPTIONS / HTTP/1.1', 'unseen'],
  ['OPTIONS * HTTP/1.1', 'unseen'],
  ['TRACE / HTTP/1.1', 'unseen'],
  ['CONNECT a:80 HTTP/1.1', 'unseen'],
  ['CONNECT / HTTP/1.1', 'unseen'],
  ['POST http://a/ HTTP/1.1', 'body'],
  ['POST http://b/ HTTP/1.1', 'unseen'],
  ['POST //a/ HTTP/1.1', 'unseen'],
  ['POST ? HTTP/1.1', 'refused'],
]
