/**
 * Reads one line of a terminal recording in its reduced form: `i` is input with masked letters, `o` is the size of output.
 * Input with letters is accepted as well. Only its length, its control characters and `| ; &` are used.
 */
import { isFields } from "./fields.ts";
import { isKeyName } from "./observation.ts";

/** A line of a recording. */
interface TtyEvent {
  readonly ts: number;
  readonly session: string;
  readonly address: string;
  readonly content:
    | { readonly kind: "input"; readonly text: string }
    | { readonly kind: "output"; readonly bytes: number };
}

/** The result of reading a line. */
type TtyReading =
  | { readonly kind: "event"; readonly event: TtyEvent }
  | { readonly kind: "unreadable"; readonly reason: string };

const ADDRESS = /^[0-9A-Fa-f.:]{2,45}$/;
/** Maximum number of characters of one input that are used. Bounds memory; typed input is shorter. */
const MAX_INPUT_CHARS = 65_536;

/** Reads one parsed line.
 * @param raw - the line's JSON: `{ sid, t, ch: "i" | "o", src_ip, d | n }`
 */
export function readTtyEvent(raw: unknown): TtyReading {
  if (!isFields(raw)) return unreadable("not a JSON object");
  const { sid, t, ch, src_ip: address, d, n } = raw;
  if (typeof sid !== "string" || !isKeyName(sid))
    return unreadable("sid is no id of letters, digits and . _ : -");
  if (typeof t !== "number" || !(t > 0 && t < 1e11)) return unreadable("t is no time in epoch seconds");
  if (typeof address !== "string" || !ADDRESS.test(address)) return unreadable("src_ip is no address");
  const base = { ts: t, session: sid, address };
  if (ch === "i") {
    if (typeof d !== "string") return unreadable("d of an input is no text");
    return {
      kind: "event",
      event: { ...base, content: { kind: "input", text: d.slice(0, MAX_INPUT_CHARS) } },
    };
  }
  if (ch !== "o") return unreadable('ch is neither "i" nor "o"');
  if (typeof n !== "number" || !(n >= 0)) return unreadable("n of an output is no number of bytes");
  return { kind: "event", event: { ...base, content: { kind: "output", bytes: n } } };
}

function unreadable(reason: string): TtyReading {
  return { kind: "unreadable", reason };
}
