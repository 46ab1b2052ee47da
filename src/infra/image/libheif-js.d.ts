/** The package types an older entry only; `heic.ts` says which part of the C API it uses. */
declare module 'libheif-js/libheif-wasm/libheif-bundle.mjs' {
  const create: () => Promise<unknown>
  export default create
}
