/**
 * The options as they were given, or, where they cannot be right, with what is wrong in the place of the
 * option: a generic parameter would let it pass. `Known` are the options that there are.
 */
export type KnownOptions<O, Known> = keyof O extends keyof Known
  ? 'returns' | 'streams' extends keyof O
    ? OneAnswer<O, Known>
    : O
  : Known & { readonly [K in Exclude<keyof O, keyof Known>]: `"${K & string}" is not an option here` }

/** Options in a variable of the interface's type have both, but may lack either. */
type OneAnswer<O, Known> = Known extends O
  ? O
  : Omit<Known, 'streams'> & { readonly streams: 'A route has "returns" or "streams", not both' }
