import { UsageError } from './error.js';
export function dependency(first, second) {
    const [options, create] = typeof first === 'function' ? [{}, first] : [first, second];
    if (typeof create !== 'function')
        throw new UsageError('dependency(options, fn): the second argument must be a function.');
    const scope = options.scope ?? 'request';
    for (const [name, used] of Object.entries(options.use ?? {})) {
        if (scope === 'app' && used.scope !== 'app') {
            throw new UsageError(`A dependency of scope "app" cannot use "${name}" of scope "${used.scope}".`);
        }
    }
    return Object.freeze({ scope, options, create });
}
//# sourceMappingURL=dependency.js.map