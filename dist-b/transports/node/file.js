import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
/** A file on disk. Whoever chooses the path decides what may be read: never build it from raw input. */
export function diskFile(path) {
    return { name: basename(path), open: () => openFile(path) };
}
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EISDIR', 'ELOOP', 'ENXIO']);
async function openFile(path) {
    let handle;
    try {
        // Not blocking: opening a FIFO would otherwise hold a thread until somebody writes to it.
        handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    }
    catch (error) {
        if (ABSENT.has(error.code ?? ''))
            return undefined;
        throw error;
    }
    const stats = await handle.stat();
    if (!stats.isFile()) {
        await handle.close();
        return undefined;
    }
    return {
        size: stats.size,
        modified: stats.mtime,
        read: async (target, position) => (await handle.read(target, 0, target.byteLength, position)).bytesRead,
        close: () => handle.close(),
    };
}
/** How much is read at a time, whatever size of chunks is asked for. */
const BLOCK = 256 * 1024;
/**
 * Reads a file asynchronously and gives it in chunks of a size of your choice. Reads are large and
 * one ahead of the chunks, so that small chunks cost no more system calls than big ones.
 *
 * @param size bytes per chunk; only the last one may be shorter.
 * @example app.get('/log', { streams: bytes('text/plain') }, () => readChunks('big.log', 1024))
 * @throws {RangeError} for a size below 1.
 */
export async function* readChunks(path, size) {
    if (!Number.isInteger(size) || size < 1)
        throw new RangeError(`A chunk has at least one byte, not ${size}.`);
    const handle = await open(path);
    const block = Math.ceil(BLOCK / size) * size;
    let reading;
    try {
        let next = (reading = readBlock(handle, block, 0));
        for (let position = block;; position += block) {
            const bytes = await next;
            const last = bytes.byteLength < block;
            if (!last)
                reading = next = readBlock(handle, block, position);
            for (let at = 0; at < bytes.byteLength; at += size)
                yield bytes.subarray(at, at + size);
            if (last)
                return;
        }
    }
    finally {
        // The handle must not be closed under a read.
        await reading?.catch(() => { });
        await handle.close();
    }
}
/** Fills a whole block, or as much of it as the file still has. */
async function readBlock(handle, size, position) {
    const target = Buffer.allocUnsafeSlow(size);
    let filled = 0;
    while (filled < size) {
        const { bytesRead } = await handle.read(target, filled, size - filled, position + filled);
        if (bytesRead === 0)
            break;
        filled += bytesRead;
    }
    return target.subarray(0, filled);
}
//# sourceMappingURL=file.js.map