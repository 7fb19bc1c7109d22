/** What the API reads from D1: identities and histories. Wakes no object. */
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { identities } from "./schema.ts";

/** Whether an identity exists. */
export async function hasIdentity(db: D1Database, uuid: string): Promise<boolean> {
  const row = await drizzle(db)
    .select({ uuid: identities.uuid })
    .from(identities)
    .where(eq(identities.uuid, uuid))
    .get();
  return row !== undefined;
}
