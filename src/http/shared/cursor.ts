/**
 * Cursors: where a list goes on, as a text that only this Worker reads. It is checked when it comes back, like any
 * other input. Its parts are separated by NUL and not written as JSON, in which a key of control characters would be
 * six times as long: a cursor must fit into an address.
 */
import { z } from "@hono/zod-openapi";
import { decodeBase64Url, encodeBase64Url } from "hono/utils/encode";

/** The longest cursor that is read, in characters; longer than any that is given out. */
const LONGEST = 2_048;
/** Stands between the parts of a place. No key holds it (contract §2). */
const SEPARATOR = "\0";

/** A part of a place that is a text. */
export const textPart = z.string();
/** A part of a place that is a number. */
export const numberPart = z
  .string()
  .regex(/^-?\d+(\.\d+)?(e[-+]\d+)?$/)
  .transform(Number)
  .refine(Number.isFinite);
/** A part of a place that is a number, or null. */
export const optionalNumberPart = z.union([z.literal("").transform(() => null), numberPart]);

type Part = z.ZodType<string | number | null, string>;

/**
 * The cursors of one list.
 * @param list - its name, so that the cursor of one list is not taken for another's
 * @param place - what tells where the list goes on: keys of the last entry given out
 * @example cursorsOf("letters", z.object({ id: textPart })).encode({ id: "a" }) // "bGV0dGVycwBh"
 */
export function cursorsOf<T extends z.ZodObject<Record<string, Part>>>(list: string, place: T) {
  const names = Object.keys(place.shape);
  const read = (text: string): z.output<T> | null => {
    const [name, ...parts] = decode(text).split(SEPARATOR);
    const isOurs = name === list && parts.length === names.length;
    const found = isOurs ? place.safeParse(Object.fromEntries(names.map((key, i) => [key, parts[i]]))) : null;
    return found?.success ? found.data : null;
  };
  return {
    /** The place that one names; null if it is none of this list. */
    read,
    encode(after: z.output<T>): string {
      const values: Record<string, string | number | null> = after;
      const parts = [list, ...names.map((name) => values[name] ?? "")];
      return encodeBase64Url(new TextEncoder().encode(parts.join(SEPARATOR)).buffer).replace(/=+$/, "");
    },
    /** The query parameter that takes one back. */
    param: cursorParam(read),
  };
}

/** A query parameter that takes a cursor back. @param read - the place that it names, or null */
export function cursorParam<T>(read: (text: string) => T | null) {
  return z
    .string()
    .transform((text, context): T => {
      const place = read(text);
      if (place !== null) return place;
      context.addIssue({ code: "custom", message: "is not one that this list gave out" });
      return z.NEVER;
    })
    .optional()
    .openapi({ type: "string", description: "The `next_cursor` of the page before; opaque" });
}

/**
 * Cuts a page out of what was read for it, which is one entry more where there are more.
 * @param encode - the cursor after an entry
 */
export function pageOf<T>(
  read: readonly T[],
  limit: number,
  encode: (last: T) => string,
): { shown: readonly T[]; next: string | null } {
  const shown = read.slice(0, limit);
  const last = shown.at(-1);
  return { shown, next: last !== undefined && read.length > limit ? encode(last) : null };
}

/** The text of a cursor; empty, and so not valid, if it is not base64url of UTF-8. */
function decode(text: string): string {
  if (text.length > LONGEST || !/^[A-Za-z0-9_-]+$/.test(text)) return "";
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(decodeBase64Url(text));
  } catch {
    return "";
  }
}
