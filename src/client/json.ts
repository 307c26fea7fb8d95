/** What JSON keeps as it is. `undefined` and `void` stand for a member, or a reply, that is not there. */
type Plain =
  | string
  | number
  | boolean
  | null
  | undefined
  | void
  | Uint8Array
  | readonly Plain[]
  | { readonly [name: string]: Plain }

/**
 * A value as it arrives when it was sent as JSON: a Date is a string, what JSON leaves out is not there.
 * A type that has nothing of the kind stays the type it is.
 */
export type FromJson<T> = T extends Plain
  ? T
  : T extends { toJSON(): infer Sent }
    ? FromJson<Sent>
    : T extends (...args: never) => unknown
      ? never
      : T extends object
        ? { [K in keyof T]: FromJson<T[K]> }
        : T
