/**
 * HASSH: the fingerprint of an SSH client by the algorithm lists it offers, and the table from a HASSH back to its
 * lists, for logs that keep only the hash.
 */
import { md5 } from "@noble/hashes/legacy.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { isFields } from "./fields.ts";

/** The four lists a HASSH is made of, client to server, each comma-separated as on the wire. */
export interface AlgorithmLists {
  readonly kex: string;
  readonly enc: string;
  readonly mac: string;
  readonly comp: string;
}

/** The HASSH of a client: md5 of `kex;encryption;mac;compression`, lower-case hex. */
export function hasshOf(lists: AlgorithmLists): string {
  return bytesToHex(md5(utf8ToBytes([lists.kex, lists.enc, lists.mac, lists.comp].join(";"))));
}

/** Reads a table `{ "<hassh>": { kex, enc, mac, comp } }` and checks every entry against its own hash.
 * @param raw - the parsed JSON
 * @throws TypeError naming the entry that is not of this form or whose lists give another hash
 */
export function readHasshTable(raw: unknown): ReadonlyMap<string, AlgorithmLists> {
  if (!isFields(raw))
    throw new TypeError("the HASSH table must be a JSON object from HASSH to { kex, enc, mac, comp }");
  const table = new Map<string, AlgorithmLists>();
  for (const [hassh, entry] of Object.entries(raw)) {
    const lists = readLists(entry);
    if (!lists)
      throw new TypeError(`the HASSH table's entry ${hassh} needs the texts kex, enc, mac and comp`);
    const found = hasshOf(lists);
    if (found !== hassh)
      throw new TypeError(`the HASSH table's entry ${hassh} holds lists whose HASSH is ${found}`);
    table.set(hassh, lists);
  }
  return table;
}

/** The lists, if this is an object of four texts. */
export function readLists(entry: unknown): AlgorithmLists | null {
  if (!isFields(entry)) return null;
  const { kex, enc, mac, comp } = entry;
  if (
    typeof kex !== "string" ||
    typeof enc !== "string" ||
    typeof mac !== "string" ||
    typeof comp !== "string"
  )
    return null;
  return { kex, enc, mac, comp };
}
