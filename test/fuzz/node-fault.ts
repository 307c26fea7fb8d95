/**
 * Frames of HTTP/2 over TLS are left out unless they are asked for: a client can end a bare node:http2 server
 * on Node 20.20 and 22.23 with them (a segmentation fault, or the assertions `onread->IsFunction()` and
 * `current_nghttp2_memory_`), and keep its connection there. Nothing above Node can be told from that.
 * The inputs are in the corpus: `npm run fuzz -- --replay test/fuzz/corpus/h2-relay-half-closed-tls.txt`.
 */
export const NODE_FAULT = '^https2'

export const NODE_FAULT_REASON =
  'left out: HTTP/2 frames over TLS, which end a bare node:http2 server on Node 20 and 22 (test/fuzz/node-fault.ts)'
