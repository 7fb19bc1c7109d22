/**
 * HASSH: the fingerprint of an SSH client, calculated from the algorithm lists that it offers; and a table from HASSH to
 * lists, for logs that hold only the hash.
 */
import { md5 } from "@noble/hashes/legacy.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { isFields } from "./fields.ts";

/** The four lists of a HASSH, client to server, each separated by commas as on the wire. */
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

/** Reads a table `{ "<hassh>": { kex, enc, mac, comp } }` and checks the hash of every entry.
 * @param raw - the parsed JSON
 * @throws TypeError naming the entry that has another form or whose lists have another hash
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

/** The lists, or null if it is not an object with the four texts. */
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
