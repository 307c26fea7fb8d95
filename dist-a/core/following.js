/** A follower was too slow: entries it had not taken are gone. */
export class FollowerTooSlow extends Error {
    name = 'FollowerTooSlow';
    constructor(channel, history) {
        super(`A follower of channel "${channel}" fell more than its history of ${history} entries behind. ` +
            'Raise `history`, or set `slow` to "drop-oldest".');
    }
}
/**
 * Carries the entries of a channel to one socket, at the pace of its peer. Whatever the channel throws
 * ends in `onFailed`: it must reach neither its publisher nor the other followers.
 */
export class Follower {
    #socket;
    #following;
    #onFailed;
    #isWaiting = false;
    constructor(socket, following, onFailed) {
        this.#socket = socket;
        this.#following = following;
        this.#onFailed = onFailed;
        following.onReady = this.#carry;
        this.#carry();
    }
    leave = () => {
        try {
            this.#following.close();
        }
        catch (error) {
            this.#onFailed(error);
        }
    };
    #carry = () => {
        // A peer that is waited for may still be found too slow.
        if (this.#isWaiting && !this.#following.closed)
            return;
        try {
            while (this.#socket.open) {
                const entry = this.#following.take();
                if (entry === undefined)
                    return;
                this.#socket.send(entry.message);
                const drained = this.#socket.drained();
                if (drained !== undefined)
                    return this.#wait(drained);
            }
        }
        catch (error) {
            this.#onFailed(error);
        }
    };
    #wait(drained) {
        this.#isWaiting = true;
        void drained.then(() => {
            this.#isWaiting = false;
            this.#carry();
        });
    }
}
//# sourceMappingURL=following.js.map