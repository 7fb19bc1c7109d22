/** What the Worker uses of Node; the types of the whole of Node do not belong in its configuration. */
declare module "node:buffer" {
  export const Buffer: { byteLength(text: string): number };
}

declare module "node:zlib" {
  interface Options {
    readonly level?: number;
    readonly dictionary?: Uint8Array;
    readonly maxOutputLength?: number;
  }
  export function deflateRawSync(data: string | Uint8Array, options?: Options): Uint8Array;
  export function inflateRawSync(data: Uint8Array, options?: Options): Uint8Array;
}
