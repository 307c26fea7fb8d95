/** A message that goes to many sockets. A transport keeps its wire form by it, so that it is framed once. */
export class SharedMessage {
    message;
    constructor(message) {
        this.message = message;
    }
}
//# sourceMappingURL=socket.js.map