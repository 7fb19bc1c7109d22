/** By which kinds incoming values are checked. */
import { tryConfig } from "../../config.ts";
import { createRegistry, PRIMITIVES, type Registry, registryOf } from "../../core/index.ts";

/** Takes any value for any primitive. */
const ANY_KIND = createRegistry(
  Object.fromEntries(Object.keys(PRIMITIVES).map((primitive) => [primitive, "categorical" as const])),
);

/**
 * The registry of the configuration. While a variable is wrong, messages wait in the queue; then every value is taken,
 * and the consumer checks its kind once the variable is corrected.
 */
export function intakeRegistry(env: Env): Registry {
  const config = tryConfig(env);
  return config ? registryOf(config.policy) : ANY_KIND;
}
