/** Empty databases: the first attacker decides which databases share the attackers. */
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { findAttacker } from "../../src/storage/index.ts";
import { call } from "../setup/api.ts";
import { deliver } from "../setup/deliver.ts";
import { payload } from "../setup/payload.ts";
import { ask, TOKENS } from "../setup/request.ts";
import { attackerIn, columnOf, DATABASES } from "./setup.ts";

const NAMES = "SELECT value FROM control WHERE name = 'places'";

it("[design, several databases] a registration decides it like a first observation, each for its own database", async () => {
  const [one, two] = [attackerIn(0), attackerIn(1)];
  expect((await call("PUT", `attackers/${one.attackerUuid}`, {})).status).toBe(201);
  expect(await Promise.all(DATABASES.map((db) => columnOf(db, NAMES)))).toEqual([["DB, DB_2"], []]);
  const bodies = [one, two].map(({ attackerUuid }) => payload({ attacker_uuid: attackerUuid }));
  expect((await deliver(bodies)).explicitAcks).toHaveLength(2);
  expect(await Promise.all(DATABASES.map((db) => columnOf(db, NAMES)))).toEqual([["DB, DB_2"], ["DB, DB_2"]]);
});

it("[design, several databases] nobody is registered while other databases are bound", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const { attackerUuid } = attackerIn(0);
  for (const others of [{ DB_3: env.DB }, { DB_4: env.DB }]) {
    const asked = { token: TOKENS.ingest, body: {}, env: others };
    expect((await ask("PUT", `/api/v1/attackers/${attackerUuid}`, asked)).status).toBe(500);
  }
  logged.mockRestore();
  expect(await findAttacker(env.DB, attackerUuid)).toBeNull();
});

it("[design, several databases] a database that was filled while it was the only one takes nothing beside another", async () => {
  const [one, two] = [attackerIn(0), attackerIn(1)];
  await deliver([payload({ attacker_uuid: one.attackerUuid })]);
  await env.DB.prepare("DELETE FROM control WHERE name = 'places'").run();
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const bodies = [one, two].map(({ attackerUuid }) => payload({ attacker_uuid: attackerUuid }));
  // As in a new isolate: the result of the check is cached per environment.
  const result = await deliver(bodies, { env: { ...env }, ids: ["one", "two"] });
  expect(result.explicitAcks).toEqual(["two"]);
  expect(logged.mock.calls.flat().join("\n")).toContain("attackers were spread over one database before");
  logged.mockRestore();
});
