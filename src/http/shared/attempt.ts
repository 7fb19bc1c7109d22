/** Work that is recorded in D1 before it is done: a request tries it at once, and the sweep does what is left. */
import { logError } from "../../log.ts";

/**
 * Tries recorded work at once.
 * @param event - the name of the log line if it fails
 * @returns what `act` returns, or false if it fails
 */
export async function attemptNow(event: string, act: () => Promise<boolean>): Promise<boolean> {
  try {
    return await act();
  } catch (error) {
    logError(event, error);
    return false;
  }
}
