/** Walking over all identities, whatever database each is in. */
import { cellsOf } from "../cells.ts";
import { readIdentitiesAfter } from "../storage/index.ts";

/** Identities after one, by UUID, that stand on their own. */
export async function nextIdentities(env: Env, afterUuid: string, limit: number): Promise<string[]> {
  const pages = await Promise.all(cellsOf(env).map(({ DB }) => readIdentitiesAfter(DB, afterUuid, limit)));
  const [only, ...others] = pages;
  if (only && others.length === 0) return only;
  return pages.flat().toSorted().slice(0, limit);
}
