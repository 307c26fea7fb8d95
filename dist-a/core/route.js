/**
 * Where `entry` was called, for error messages about routes. Frames are left out by function, not by
 * file, since source maps change the names of files.
 */
export function callSite(entry) {
    const trace = {};
    Error.captureStackTrace?.(trace, entry);
    const line = trace.stack?.split('\n').find((each) => /^\s*at /.test(each));
    return line === undefined
        ? 'unknown place'
        : line
            .trim()
            .replace(/^at /, '')
            .replace(/^.*\((.*)\)$/, '$1');
}
//# sourceMappingURL=route.js.map