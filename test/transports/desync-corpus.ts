/**
 * Requests whose end two readers may see at different places (RFC 9112 section 11.2). Each carries
 * another request in what one of the readers takes for a body.
 */

import {
  CHUNK_ENDS,
  CODINGS,
  type Fate,
  LENGTHS,
  LINES,
  OTHER_FIELDS,
  SIZES,
  SMUGGLED,
} from './desync-spelling.ts'

export interface Desync {
  readonly name: string
  readonly fate: Fate
  readonly bytes: string
}

const LENGTH = SMUGGLED.length
const ONE_CHUNK = `${LENGTH.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`
/** By its length the other request is in the body; by its chunks it stands behind it. */
const AFTER_CHUNKS = `0\r\n\r\n${SMUGGLED}`

const post = (fields: string, body: string, line = 'POST / HTTP/1.1') =>
  `${line}\r\nhost: a\r\n${fields}\r\n\r\n${body}`
const entry = (name: string, fate: Fate, bytes: string): Desync => ({ name, fate, bytes })

/** Other fields that change where a request ends, or whose it is. */
const length = `content-length: ${LENGTH}`
const OTHERS: readonly Desync[] = [
  entry('a body of known length', 'body', post(length, SMUGGLED)),
  entry(
    'a body of known length that nobody reads',
    'unseen',
    post(length, SMUGGLED, 'POST /unread HTTP/1.1'),
  ),
  entry('a body in a chunk', 'body', post('transfer-encoding: chunked', ONE_CHUNK)),
  entry(
    'a body in a chunk that nobody reads',
    'unseen',
    post('transfer-encoding: chunked', ONE_CHUNK, 'POST /unread HTTP/1.1'),
  ),
  entry('a size with zeros in front', 'body', post('transfer-encoding: chunked', `000${ONE_CHUNK}`)),
  entry('a length with zeros in front', 'body', post(`content-length: 000${LENGTH}`, SMUGGLED)),
  entry(
    'a chunk with an extension',
    'body',
    post('transfer-encoding: chunked', ONE_CHUNK.replace('\r', ';a=b\r')),
  ),
  entry('two lengths that differ', 'refused', post(`content-length: 0\r\n${length}`, SMUGGLED)),
  entry(
    'two lengths that differ, the other first',
    'refused',
    post(`${length}\r\ncontent-length: 0`, SMUGGLED),
  ),
  entry('two lengths that are the same', 'unseen', post(`${length}\r\n${length}`, SMUGGLED)),
  entry('a length behind a space', 'refused', post(`x: y\r\n ${length}`, SMUGGLED)),
  entry('a length with a space before its colon', 'refused', post(`content-length : ${LENGTH}`, SMUGGLED)),
  entry('a length behind a bare LF', 'unseen', post(`x: y\n${length}`, SMUGGLED)),
  entry('a length behind a bare CR', 'refused', post(`x: y\r${length}`, SMUGGLED)),
  entry('a field without a name', 'refused', post(`: x\r\n${length}`, SMUGGLED)),
  entry('a line without a colon', 'refused', post(`x\r\n${length}`, SMUGGLED)),
  entry('an end of the head of bare LF', 'refused', `POST / HTTP/1.1\nhost: a\n${length}\n\n${SMUGGLED}`),
  entry(
    'an end of the head of LF CR LF',
    'unseen',
    `POST / HTTP/1.1\r\nhost: a\r\n${length}\n\r\n${SMUGGLED}`,
  ),
  entry(
    'an end of the head of CR CR LF',
    'refused',
    `POST / HTTP/1.1\r\nhost: a\r\n${length}\r\n\r\r\n${SMUGGLED}`,
  ),
  entry(
    'chunks over HTTP/1.0',
    'unseen',
    post('transfer-encoding: chunked', AFTER_CHUNKS, 'POST / HTTP/1.0'),
  ),
  entry(
    'chunks and a length over HTTP/1.0',
    'refused',
    post(`transfer-encoding: chunked\r\n${length}`, AFTER_CHUNKS, 'POST / HTTP/1.0'),
  ),
  entry('an expectation, and the body at once', 'body', post(`expect: 100-continue\r\n${length}`, SMUGGLED)),
  entry(
    'an expectation that is not met, and a body',
    'unseen',
    post(`expect: 100-continue\r\n${length}`, SMUGGLED, 'POST /unread HTTP/1.1'),
  ),
  entry(
    'an expectation of a GET with a body',
    'unseen',
    post(`expect: 100-continue\r\n${length}`, SMUGGLED, 'GET / HTTP/1.1'),
  ),
  entry('an expectation that is not known', 'unseen', post(`expect: 100-continuex\r\n${length}`, SMUGGLED)),
  entry(
    'an expectation with a space in front',
    'unseen',
    post(`expect:  100-continue \r\n${length}`, SMUGGLED),
  ),
  entry('two hosts', 'unseen', post(`host: b\r\n${length}`, SMUGGLED)),
  entry(
    'an upgrade to h2c with a body',
    'unseen',
    post(`connection: upgrade\r\nupgrade: h2c\r\n${length}`, SMUGGLED),
  ),
  entry(
    'an upgrade to WebSocket with a body',
    'unseen',
    post(
      `connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${length}`,
      SMUGGLED,
      'GET / HTTP/1.1',
    ),
  ),
  entry(
    'an upgrade to WebSocket that is refused, and more behind it',
    'unseen',
    post(
      'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
      SMUGGLED,
      'GET /nowhere HTTP/1.1',
    ),
  ),
  entry(
    'an upgrade behind a request',
    'unseen',
    `${post('content-length: 0', '')}${post(`connection: upgrade\r\nupgrade: h2c\r\n${length}`, SMUGGLED)}`,
  ),
  entry('a close, and more behind it', 'unseen', post('connection: close\r\ncontent-length: 0', SMUGGLED)),
  entry('the preface of HTTP/2', 'unseen', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SMUGGLED}`),
  entry(
    'trailers that name a length',
    'unseen',
    post('transfer-encoding: chunked', ONE_CHUNK.replace('0\r\n\r\n', `0\r\n${length}\r\n\r\n`)),
  ),
  entry('two requests', 'second', post('content-length: 1', `x${SMUGGLED}`)),
  entry(
    'two requests, the first in chunks',
    'second',
    post('transfer-encoding: chunked', `1\r\nx\r\n${AFTER_CHUNKS}`),
  ),
  entry('two requests, the first without a body', 'second', post('x: y', SMUGGLED, 'GET / HTTP/1.1')),
  entry(
    'two requests, the first body not read',
    'second',
    post('content-length: 1', `x${SMUGGLED}`, 'POST /unread HTTP/1.1'),
  ),
]

/** Those that are more than a spelling of a field. */
export const WHOLE_REQUESTS: readonly Desync[] = [
  ...LINES.map(([line, fate]) => entry(line, fate, post(length, SMUGGLED, line))),
  ...OTHERS,
]

export const DESYNCS: readonly Desync[] = [
  ...CODINGS.flatMap((coding) => [
    entry(
      `${coding}, then a length`,
      'refused',
      post(`${coding}\r\n${`content-length: ${AFTER_CHUNKS.length}`}`, AFTER_CHUNKS),
    ),
    entry(
      `a length, then ${coding}`,
      'refused',
      post(`${`content-length: ${AFTER_CHUNKS.length}`}\r\n${coding}`, AFTER_CHUNKS),
    ),
    entry(`a short length, then ${coding}`, 'refused', post(`content-length: 4\r\n${coding}`, ONE_CHUNK)),
  ]),
  ...OTHER_FIELDS.map((field) =>
    entry(`${field}, and a length`, 'body', post(`${field}\r\n${length}`, SMUGGLED)),
  ),
  ...LENGTHS.map((value) =>
    entry(`a length of ${value}`, 'refused', post(`content-length: ${value}`, SMUGGLED)),
  ),
  ...SIZES.map((size) =>
    entry(
      `a chunk of ${size}`,
      'refused',
      post('transfer-encoding: chunked', `${size}\r\n${SMUGGLED}\r\n0\r\n\r\n`),
    ),
  ),
  ...CHUNK_ENDS.map(([name, body]) => entry(name, 'refused', post('transfer-encoding: chunked', body))),
  ...WHOLE_REQUESTS,
]
