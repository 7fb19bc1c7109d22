/** Waking the maintenance object. */
import { logError } from "../log.ts";

/** The name of the one maintenance object. */
export const MAINTENANCE = "maintenance";

/** Lets the maintenance object go on with whatever is due; if it can't be reached, cron wakes it later. */
export async function wakeMaintenance(env: Env): Promise<void> {
  try {
    await env.MAINTENANCE.getByName(MAINTENANCE).wake();
  } catch (error) {
    logError("maintenance_not_woken", error);
  }
}
