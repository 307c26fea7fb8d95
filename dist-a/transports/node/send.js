import { Pump } from '../../stream/pump.js';
import { CompressingSink } from './compress.js';
import { sendFile } from './send-file.js';
/**
 * Sends a reply. Never throws for what the network does: whatever goes wrong there cuts the body.
 *
 * @returns a handle on a body that takes its time, undefined when everything was handed over.
 */
export function send(response, reply, options) {
    const { body } = reply;
    if (response.gone) {
        if (body.kind === 'file')
            void body.file.close().catch(() => { });
        reply.onEnd?.({ outcome: 'disconnect', bytes: 0, items: 0 });
        return undefined;
    }
    switch (body.kind) {
        case 'none':
            // A HEAD has the length that its GET would have, or none; an empty 200 has a length of 0.
            if (!options.isHead && reply.status !== 204 && reply.status !== 304)
                reply.headers['content-length'] ??= '0';
            return sendWhole(response, reply, undefined, 0);
        case 'text': {
            const length = Buffer.byteLength(body.text);
            reply.headers['content-length'] = String(length);
            return sendWhole(response, reply, body.text, length);
        }
        case 'bytes':
            reply.headers['content-length'] = String(body.bytes.byteLength);
            return sendWhole(response, reply, body.bytes, body.bytes.byteLength);
        case 'stream':
            return sendStream(response, reply, body, options.coding);
        case 'file':
            return sendFile(response, reply, body);
        case 'upgrade':
            response.destroy();
            return undefined;
    }
}
function sendWhole(response, reply, body, bytes) {
    const { onEnd } = reply;
    if (onEnd !== undefined) {
        response.on('close', () => {
            if (response.finished)
                onEnd({ outcome: 'complete', bytes, items: 0 });
            else
                onEnd({ outcome: 'disconnect', bytes: 0, items: 0 });
        });
    }
    response.writeHead(reply);
    response.end(body);
}
class ResponseSink {
    macrotask = setImmediate;
    defer = process.nextTick;
    #response;
    bytes = 0;
    constructor(response) {
        this.#response = response;
    }
    write(chunk) {
        // A string stays one on its way to the socket: Node encodes it there, without a buffer of its own.
        this.bytes += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
        return this.#response.write(chunk);
    }
    open() {
        this.#response.flushHead();
    }
    end() {
        this.#response.end();
    }
    abort() {
        this.#response.cut();
    }
    destroy() {
        this.#response.destroy();
    }
}
function sendStream(response, reply, body, coding) {
    const { source, length } = body;
    if (length !== undefined)
        reply.headers['content-length'] = String(length);
    const socket = new ResponseSink(response);
    const compressing = coding === undefined ? undefined : new CompressingSink(socket, coding);
    const pump = new Pump(source, compressing ?? socket, (ending) => reply.onEnd?.(ending), {
        length,
        timing: reply.timing,
    });
    response.writeHead(reply);
    if (compressing === undefined)
        response.on('drain', pump.resume);
    else {
        compressing.onReady = pump.resume;
        response.on('drain', compressing.resume);
    }
    response.on('finish', () => pump.close('complete', socket.bytes));
    let cutFor = 'disconnect';
    response.on('close', () => pump.close(cutFor, socket.bytes));
    pump.start();
    return {
        endless: length === undefined,
        stop: () => pump.stop('shutdown'),
        cut(reason) {
            cutFor = reason;
            response.destroy();
            pump.close(reason, socket.bytes);
        },
    };
}
//# sourceMappingURL=send.js.map