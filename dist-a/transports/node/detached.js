import { ServerResponse } from 'node:http';
/**
 * A response on a connection that Node has taken off its parser, because the request asked for an
 * upgrade. What Node's server would do for a response is done here: it goes on when the connection
 * has drained, and the connection ends with it.
 */
export function detachedResponse(message, duplex) {
    // The server is one of node:net or node:tls, and so are its connections.
    const connection = duplex;
    const response = new ServerResponse(message);
    response.shouldKeepAlive = false;
    response.assignSocket(connection);
    connection.on('drain', () => response.emit('drain'));
    // Nobody reads what else the client sends; while it waits, the client's end would not be seen.
    connection.resume();
    connection.once('end', () => connection.destroy());
    response.once('finish', () => connection.destroySoon());
    return response;
}
//# sourceMappingURL=detached.js.map