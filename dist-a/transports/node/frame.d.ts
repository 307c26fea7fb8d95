import { type Message, SharedMessage } from '../../core/socket.ts';
/**
 * A message as one WebSocket frame, whole and unmasked, as servers send it (RFC 6455 section 5.2).
 * Framing is left to us, and not to ws, so that a broadcast is framed once and each socket gets it
 * in one write.
 */
export declare function toFrame(message: Message | SharedMessage): Buffer;
/** The bytes of a frame that are its message. */
export declare function payloadBytes(frame: Buffer): number;
//# sourceMappingURL=frame.d.ts.map