/** Carries out each step on the real Worker. */
import { injection } from "./injection.ts";
import { START_TS } from "./messages.ts";
import { allowPages, holdPages, releasePages } from "./pages.ts";
import type { Step } from "./plan.ts";
import { untilNoLeaves } from "./quiet.ts";
import type { World } from "./world.ts";

/** So small that a handful of observations takes the sweep several pages and runs. */
const SHORT_SWEEP = { identities: 3, rows: 12, page: 4, queries: 45 };

/**
 * Carries out one step, once. It knows nothing of faults.
 * @param isAlone - whether the step has no faults and is not played within another one
 */
export async function act(world: World, step: Step, isAlone: boolean): Promise<void> {
  switch (step.do) {
    case "deliver":
      return world.queue.deliver(step.messages);
    case "merge":
      await world.ask("POST", `identities/${world.identityUuid(step.winner)}/merge`, {
        loser_uuid: world.identityUuid(step.loser),
      });
      return;
    case "unmerge":
      await world.ask("POST", `identities/${world.identityUuid(step.identity)}/unmerge`);
      return;
    case "erase":
      await world.ask("DELETE", `attackers/${world.attackerUuid(step.attacker)}`);
      return;
    case "register":
      await world.ask(
        "PUT",
        `attackers/${world.attackerUuid(step.attacker)}`,
        step.identity === null || !world.isLinkable(step.attacker, step.identity)
          ? {}
          : { identity_uuid: world.identityUuid(step.identity) },
      );
      return;
    case "rebuild":
      await world.ask("POST", `identities/${world.identityUuid(step.identity)}/rebuild`);
      return;
    case "rebuild_all":
      await world.ask("POST", "rebuild");
      return;
    case "maintenance_alarm":
      await world.maintenanceAlarm();
      return;
    case "expire":
      return world.expire(step.identity, START_TS + step.minute * 60, step.limit, isAlone);
    case "allow_pages":
      allowPages(step.pages);
      return;
    case "hold_pages":
      holdPages();
      return;
    case "release_pages":
      releasePages(step.page);
      await untilNoLeaves();
      return;
    case "alarm":
      await world.alarm(step.identity);
      return;
    case "evict":
      return world.evict(step.identity);
    case "crash":
      return world.crash(step.identity);
    case "pause":
    case "resume":
      await world.ask("POST", "control", { action: step.do });
      return;
    case "sweep":
      await world.sweep(SHORT_SWEEP);
      return;
    case "replay_dead_letters":
      await world.ask("POST", "dead-letters/replay");
      world.takeRequeued();
      return;
    case "deploy":
      world.hasDeployed = true;
      injection.variables = { ...injection.variables, WINDOW_SIZE: String(step.windowSize) };
      for (const [i] of world.cast.identities.entries()) await world.evict(i);
      return;
    default:
      step satisfies never;
  }
}
