import { NodeServer } from './server.js';
import { closeOnSignals } from './signal.js';
/** Starts the app and serves it on Node: HTTP/1.1, HTTP/2 and WebSocket. */
export async function serve(app, options = {}) {
    await app.start();
    const { host = '127.0.0.1', port = 8000, signals = true } = options;
    const server = new NodeServer(app, options);
    const bound = await server.listen(port, host);
    const forget = signals ? closeOnSignals(app) : () => { };
    const scheme = options.tls === undefined ? 'http' : 'https';
    return {
        host,
        port: bound,
        url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
        async close({ grace = options.grace ?? 10_000 } = {}) {
            forget();
            await server.close(grace);
        },
    };
}
//# sourceMappingURL=serve.js.map