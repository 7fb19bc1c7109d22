/** Waking the maintenance object. */
import { logError } from "../log.ts";

/** The name of the one maintenance object. */
export const MAINTENANCE = "maintenance";

/** Wakes the maintenance object to run due jobs. If it can't be reached, cron wakes it later. */
export async function wakeMaintenance(env: Env): Promise<void> {
  try {
    await env.MAINTENANCE.getByName(MAINTENANCE).wake();
  } catch (error) {
    logError("maintenance_not_woken", error);
  }
}
