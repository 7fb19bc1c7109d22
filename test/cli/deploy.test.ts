/**
 * Deploying: the result is the same whatever the account has already, and a failed step stops the rest. A simulated account
 * answers with the texts of Wrangler (4.124); no test uses a network.
 */
import { readFile } from "node:fs/promises";
import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import {
  deployConfigFile,
  makeDeployConfig,
  readRequirements,
  SECRETS,
} from "../../src/cli/deploy-config.ts";
import { deploy, DeployError, type DeployOptions } from "../../src/cli/deploy-steps.ts";
import { deployCommand, describeSecrets } from "../../src/cli/deploy.ts";
import type { WranglerResult } from "../../src/cli/wrangler.ts";

const TOML = `
name = "attribution-worker"
main = "src/worker.ts"
[[d1_databases]]
binding = "DB"
database_name = "observations"
database_id = "00000000-0000-0000-0000-000000000000"
migrations_dir = "migrations"
[[queues.producers]]
binding = "OBSERVATION_QUEUE"
queue = "attacker-observations"
[[queues.producers]]
binding = "EVENT_QUEUE"
queue = "attribution-events"
[[queues.consumers]]
queue = "attacker-observations"
dead_letter_queue = "attacker-observations-dead-letters"
`;
const QUEUES = ["attacker-observations", "attribution-events", "attacker-observations-dead-letters"];
const DATABASE_ID = "5f0c2a9e-1111-4222-8333-444455556666";
const IDS = new Map([["observations", DATABASE_ID]]);
const BANNER = " ⛅️ wrangler 4.124.0\n────────────────────\n";

/** A simulated account that behaves as Cloudflare does behind Wrangler. */
class PretendedAccount {
  isSignedIn = true;
  databases = new Map<string, string>();
  queues = new Map<string, string>();
  secrets: string[] = [];
  isDeployed = false;
  isMigrated = false;
  /** Commands with this beginning fail with this text. */
  failing: { command: string; stderr: string } | null = null;
  readonly commands: string[] = [];
  readonly files = new Map([["wrangler.toml", TOML]]);
  readonly said: string[] = [];

  readonly tools = {
    run: async (args: readonly string[]): Promise<WranglerResult> => {
      const command = args.join(" ");
      this.commands.push(command);
      if (this.failing !== null && command.startsWith(this.failing.command))
        return failure(this.failing.stderr);
      return this.#answer(args, command);
    },
    readFile: async (file: string) => this.files.get(file) ?? "",
    writeFile: async (file: string, text: string) => {
      this.files.set(file, text);
    },
    say: (line: string) => {
      this.said.push(line);
    },
  };

  #answer(args: readonly string[], command: string): WranglerResult {
    const [group, verb, name] = [args[0] ?? "", args[1] ?? "", args[2] ?? ""];
    if (group === "whoami") {
      return this.isSignedIn
        ? success('{"loggedIn":true}')
        : { ...failure(""), stdout: '\n{"loggedIn":false}\n' };
    }
    if (!this.isSignedIn) return failure("✘ [ERROR] it's necessary to set a CLOUDFLARE_API_TOKEN");
    switch (`${group} ${verb}`) {
      case "d1 list":
        return success(
          JSON.stringify(
            [...this.databases].map(([each, uuid]) => ({ uuid, name: each })),
            null,
            2,
          ),
        );
      case "d1 create":
        this.databases.set(name, DATABASE_ID);
        return success(`${BANNER}✅ Successfully created DB '${name}'`);
      case "queues info":
        return this.queues.has(name)
          ? success(`${BANNER}Queue Name: ${name}`)
          : failure(
              `\u001B[31m✘ \u001B[41;31m[\u001B[41;97mERROR\u001B[41;31m]\u001B[0m \u001B[1mQueue "${name}" does not exist. To create it, run: wrangler queues create ${name}\u001B[0m`,
            );
      case "queues create":
      case "queues update":
        this.queues.set(name, /--message-retention-period-secs (\d+)/.exec(command)?.[1] ?? "default");
        return success(`${BANNER}done`);
      case "d1 migrations":
        this.isMigrated = command.includes("--remote");
        return success(`${BANNER}migrated`);
      case "secret list":
        return this.isDeployed
          ? success(JSON.stringify(this.secrets.map((each) => ({ name: each, type: "secret_text" }))))
          : failure('✘ [ERROR] Worker "attribution-worker" not found.');
      default:
        if (group !== "deploy") return failure(`unknown command: ${command}`);
        this.isDeployed = true;
        return success("");
    }
  }

  changes(): string[] {
    return this.commands.filter((command) =>
      /^(d1 create|queues (create|update)|d1 migrations|deploy)/.test(command),
    );
  }
}

function success(stdout: string): WranglerResult {
  return { exitCode: 0, stdout, stderr: "" };
}

function failure(stderr: string): WranglerResult {
  return {
    exitCode: 1,
    stdout: BANNER,
    stderr: `${stderr}\n\n🪵  Logs were written to "/home/x/.wrangler/y.log"`,
  };
}

function halfThere(): PretendedAccount {
  const account = new PretendedAccount();
  account.databases.set("other", "0".repeat(36)).set("observations", DATABASE_ID);
  account.queues.set("attacker-observations", "default");
  return account;
}

function allThere(): PretendedAccount {
  const account = halfThere();
  for (const queue of QUEUES) account.queues.set(queue, "default");
  account.secrets = Object.keys(SECRETS);
  account.isDeployed = true;
  return account;
}

const OPTIONS: DeployOptions = { configFile: "wrangler.toml", isDryRun: false, isFreePlan: false };

describe("deploy", () => {
  it.each([
    ["an empty account", () => new PretendedAccount(), 4],
    ["one that is half there", halfThere, 2],
    ["one that is all there", allThere, 0],
  ])("ends with everything in place: %s", async (_name, makeAccount, created) => {
    const account = makeAccount();
    await deploy(OPTIONS, account.tools);
    expect(account.databases.get("observations")).toBe(DATABASE_ID);
    expect([...account.queues.keys()].toSorted()).toEqual(QUEUES.toSorted());
    expect(account.isMigrated && account.isDeployed).toBe(true);
    expect(account.commands.filter((command) => / create /.test(command))).toHaveLength(created);
    expect(account.files.get("wrangler.toml")).toBe(TOML);
    expect(account.files.get("wrangler.deploy.toml")).toContain(DATABASE_ID);
  });

  it("creates nothing the second time", async () => {
    const account = new PretendedAccount();
    await deploy(OPTIONS, account.tools);
    account.commands.length = 0;
    await deploy(OPTIONS, account.tools);
    expect(account.changes()).toEqual([
      "d1 migrations apply DB --remote --config wrangler.deploy.toml",
      "deploy --config wrangler.deploy.toml",
    ]);
  });

  it("migrates before it deploys, both with the file that has the database id", async () => {
    const account = new PretendedAccount();
    await deploy(OPTIONS, account.tools);
    const order = account.commands.map((command) => command.split(" ").slice(0, 2).join(" "));
    expect(order.indexOf("d1 create")).toBeLessThan(order.indexOf("d1 migrations"));
    expect(order.indexOf("d1 migrations")).toBeLessThan(order.indexOf("deploy --config"));
    expect(order.lastIndexOf("queues create")).toBeLessThan(order.indexOf("deploy --config"));
  });

  it("passes on the location of the database and the retention of the queues", async () => {
    const account = halfThere();
    account.databases.delete("observations");
    await deploy({ ...OPTIONS, location: "weur", retentionSecs: 86_400 }, account.tools);
    expect(account.commands).toContain("d1 create observations --location weur --config wrangler.toml");
    expect(new Set(account.queues.values())).toEqual(new Set(["86400"]));
    expect(account.commands.filter((command) => command.startsWith("queues update"))).toHaveLength(1);
  });

  it.each([
    ["an empty account", () => new PretendedAccount()],
    ["one that is half there", halfThere],
    ["one that is all there", allThere],
  ])("changes nothing when it only looks: %s", async (_name, makeAccount) => {
    const account = makeAccount();
    const before = JSON.stringify([[...account.databases], [...account.queues], account.isMigrated]);
    const options = { ...OPTIONS, isDryRun: true, retentionSecs: 3_600 };
    await deploy(options, account.tools);
    expect(account.changes()).toEqual([]);
    expect(JSON.stringify([[...account.databases], [...account.queues], account.isMigrated])).toBe(before);
    expect([...account.files.keys()]).toEqual(["wrangler.toml"]);
  });

  it("lists everything it would do for an empty account in a dry run", async () => {
    const account = new PretendedAccount();
    const { missingSecrets } = await deploy({ ...OPTIONS, isDryRun: true }, account.tools);
    expect(account.said).toEqual([
      "would create   database observations",
      ...QUEUES.map((queue) => `would create   queue ${queue}`),
      "would write    wrangler.deploy.toml with the database's id",
      "would apply    the migrations that the database lacks",
      "would deploy   the Worker attribution-worker",
    ]);
    expect(missingSecrets).toEqual(Object.keys(SECRETS));
  });

  it.each([
    ['WINDOW_SIZE = "banana"', 'WINDOW_SIZE must be a whole number from 1 to 20, got "banana"'],
    ["RETENTION_DAYS = 0", 'RETENTION_DAYS must be a number of days from 1 to 36525, got "0"'],
    ['UNKNOWN_ATTACKER = "drop"', 'UNKNOWN_ATTACKER must be "register" or "defer", got "drop"'],
    ["HASH_WINDOW_SECS = -1\nHEARTBEAT = true", 'HEARTBEAT must be "on" or "off", got "true"'],
  ])("refuses a wrong variable, by name and range, before it asks the account: %s", async (vars, problem) => {
    for (const isDryRun of [false, true]) {
      const account = new PretendedAccount();
      account.files.set("wrangler.toml", `${TOML}\n[vars]\n${vars}\n`);
      const error = await deploy({ ...OPTIONS, isDryRun }, account.tools).catch((thrown: unknown) => thrown);
      if (!(error instanceof DeployError)) throw new Error("expected a DeployError");
      expect(error.message).toContain(problem);
      expect(error.message).toContain("wrangler.toml");
      expect(account.commands).toEqual([]);
      expect([...account.files.keys()]).toEqual(["wrangler.toml"]);
    }
  });

  it("names the two ways to sign in if nobody is signed in", async () => {
    const account = new PretendedAccount();
    account.isSignedIn = false;
    await expect(deploy(OPTIONS, account.tools)).rejects.toThrow(
      /not signed in.*wrangler login.*CLOUDFLARE_API_TOKEN/,
    );
    expect(account.commands).toEqual(["whoami --json"]);
  });

  it("continues if only the name of the account is refused", async () => {
    const account = new PretendedAccount();
    account.failing = { command: "whoami", stderr: "✘ [ERROR] Authentication error [code: 10000]" };
    await deploy(OPTIONS, account.tools);
    expect(account.isDeployed).toBe(true);
  });

  it.each([
    ["d1 list", "the account's databases could not be listed", 0],
    ["d1 create", "the database observations could not be created", 0],
    ["queues info", "the queue attacker-observations could not be looked up", 1],
    ["queues create attribution-events", "the queue attribution-events could not be created", 2],
    ["d1 migrations", "the migrations could not be applied to the database observations", 4],
    ["deploy", "the Worker could not be deployed", 5],
    ["secret list", "the Worker's secrets could not be listed", 6],
  ])(
    "stops at a step that fails, with Wrangler's words, and goes on from there: %s",
    async (command, message, done) => {
      const account = new PretendedAccount();
      account.failing = { command, stderr: "✘ [ERROR] A request to the Cloudflare API failed. [code: 7003]" };
      const error = await deploy(OPTIONS, account.tools).catch((thrown: unknown) => thrown);
      if (!(error instanceof DeployError)) throw new Error("expected a DeployError");
      expect(error.message).toContain(message);
      // `wrangler deploy` has printed its output already.
      expect(error.message.includes("[code: 7003]")).toBe(command !== "deploy");
      expect(error.message).not.toContain("Logs were written");
      const succeeded = account.changes().filter((each) => !each.startsWith(command));
      expect(succeeded).toHaveLength(done);

      account.failing = null;
      await deploy(OPTIONS, account.tools);
      expect(account.isDeployed && account.isMigrated).toBe(true);
      const creations = account.commands.filter((each) => / create /.test(each) && !each.startsWith(command));
      expect(new Set(creations).size).toBe(creations.length);
    },
  );

  it("does not treat an answer without a list of databases as an empty account", async () => {
    const account = new PretendedAccount();
    account.tools.run = async (args) => success(args[0] === "whoami" ? "{}" : '{"error":"maintenance"}');
    await expect(deploy(OPTIONS, account.tools)).rejects.toThrow(
      "wrangler d1 list --json answered something unexpected",
    );
  });

  it("lists the missing secrets and the commands that set and show them", async () => {
    const account = allThere();
    account.secrets = ["READ_TOKENS", "UNRELATED"];
    const { missingSecrets } = await deploy(OPTIONS, account.tools);
    expect(missingSecrets).toEqual(["INGEST_TOKENS", "ADMIN_TOKENS", "DECNET_WEBHOOK_SECRET"]);
    const told = describeSecrets(missingSecrets, "wrangler.staging.toml");
    expect(told).toContain("lets nobody in");
    expect(told).toContain(
      "openssl rand -hex 32 | tee /dev/stderr | npx wrangler secret put INGEST_TOKENS --config wrangler.staging.toml",
    );
    expect(told).not.toContain("put READ_TOKENS");
    expect(describeSecrets([], "wrangler.toml")).toBe("All secrets are set.");
  });
});

describe("the Wrangler file", () => {
  it("of this project names what deploying creates", async () => {
    const needed = readRequirements(await readFile("wrangler.toml", "utf8"), "wrangler.toml");
    expect(needed.workerName).toBe("attribution-worker");
    expect(needed.databases).toContainEqual({ binding: "DB", name: "observations" });
    expect(needed.queues).toEqual(expect.arrayContaining(QUEUES));
  });

  it("is copied with the database's id, the limit on failed sign-ins, and nothing else changed", async () => {
    const source = await readFile("wrangler.toml", "utf8");
    const copy = makeDeployConfig(source, "wrangler.toml", { databaseIds: IDS, isFreePlan: false });
    const expected = parse(source.replace(/database_id = "[^"]*"/, `database_id = "${DATABASE_ID}"`));
    expect(parse(copy)).toEqual({
      ...expected,
      ratelimits: [
        { name: "INGEST_RATE_LIMIT", namespace_id: "1001", simple: { limit: 1_000, period: 10 } },
        { name: "AUTH_FAILURE_RATE_LIMIT", namespace_id: "1002", simple: { limit: 20, period: 60 } },
      ],
    });
    expect(copy).toMatch(/^# Made from wrangler\.toml by `npm run deploy`/);
  });

  it("[§7] lets each caller make at least 1,000 requests per 10 s locally", async () => {
    const { ratelimits } = parse(await readFile("wrangler.toml", "utf8"));
    expect(ratelimits).toHaveLength(2);
    for (const limit of Array.isArray(ratelimits) ? ratelimits : []) {
      expect(limit).toMatchObject({ simple: { limit: 1_000, period: 10 } });
    }
  });

  it.each([
    [10, 60, 10, 60],
    [3, 10, 3, 10],
    [4, 10, 20, 60],
    [100, 60, 20, 60],
  ])("keeps a stricter limit on failed sign-ins: %d per %d s", (limit, period, deployed, deployedPeriod) => {
    const ratelimits = `[[ratelimits]]
name = "AUTH_FAILURE_RATE_LIMIT"
namespace_id = "7"
simple = { limit = ${limit}, period = ${period} }`;
    const options = { databaseIds: IDS, isFreePlan: false };
    expect(parse(makeDeployConfig(`${TOML}\n${ratelimits}`, "wrangler.toml", options))).toMatchObject({
      ratelimits: [{ namespace_id: "7", simple: { limit: deployed, period: deployedPeriod } }],
    });
  });

  it("for the Free plan has no refused settings and smaller batches", async () => {
    const source = await readFile("wrangler.toml", "utf8");
    const copy = makeDeployConfig(source, "wrangler.toml", { databaseIds: IDS, isFreePlan: true });
    expect(source).toContain("[limits]");
    expect(copy).not.toContain("[limits]");
    expect(parse(copy)).toMatchObject({
      queues: { consumers: expect.arrayContaining([expect.objectContaining({ max_batch_size: 10 })]) },
    });
    expect(copy).not.toContain("max_batch_size = 100");
  });

  it.each([
    ["name = ", "wrangler.toml: Invalid TOML document"],
    ['name = "x"', "d1_databases"],
    ['name = "x"\n[[d1_databases]]\nbinding = "DB"', "database_name"],
  ])("is complained about by name: %j", (toml, message) => {
    expect(() => readRequirements(toml, "wrangler.toml")).toThrow(message);
  });

  it("has its copy in the same directory", () => {
    expect(deployConfigFile("wrangler.toml")).toBe("wrangler.deploy.toml");
    expect(deployConfigFile("environments/staging.toml")).toBe("environments/staging.deploy.toml");
  });
});

describe("the command line", () => {
  it.each([
    [["--queue-retention", "59"], "It must be a whole number of seconds from 60 to 1209600"],
    [["--location", "mars"], "Allowed choices are weur"],
    [["--frobnicate"], "unknown option '--frobnicate'"],
  ])("is refused by name: %j", (args, message) => {
    const command = deployCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    expect(() => command.parse(args, { from: "user" })).toThrow(message);
  });
});
