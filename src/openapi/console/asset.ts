/** The files of the page, as text in a module: they must be there where there is no disk, too. */

/** One file of the page. */
export interface Asset {
  readonly mediaType: string
  readonly text: string
}

/** The page's files by name. Their addresses hold the version, so that they can be cached for ever. */
export interface AssetBundle {
  readonly version: string
  readonly files: Readonly<Record<string, Asset>>
}

/** Loads the module that `scripts/console.mjs` writes beside this one when the package is built. */
export async function loadAssets(): Promise<AssetBundle> {
  // @ts-expect-error TS2307: it is written after the compiler has run.
  return (await import('./bundle.js')) as AssetBundle
}
