/** The names a dependency may not have, because the context has them. */
export const CONTEXT_NAMES = [
    'params',
    'query',
    'headers',
    'cookies',
    'body',
    'lastEventId',
    'request',
    'method',
    'path',
    'route',
    'signal',
    'sleep',
    'on',
    'after',
    'head',
    'log',
];
//# sourceMappingURL=context.js.map