export function launch(
  kind: string,
  directory: string,
): Promise<{
  readonly kind: string
  readonly port: number
  ask(question: 'reset' | 'measure'): Promise<unknown>
  stop(): boolean
}>
export function upload(port: number, mib: number): Promise<number>
