/** Describes the machine that the bench runs on. */
import { cpus, release, totalmem, type } from "node:os";
import { createRequire } from "node:module";
import { z } from "zod";

const packageSchema = z.object({ version: z.string() });

/** What the figures depend on besides the code. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly workerd: string;
  readonly wrangler: string;
}

/** Reads the facts of this machine. */
export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    workerd: versionOf("workerd"),
    wrangler: versionOf("wrangler"),
  };
}

/** The facts as one line of text. */
export function machineSentence({ cpu, cores, memoryGb, system, node, workerd, wrangler }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGb} GB, ${system}; Node ${node}, workerd ${workerd}, Wrangler ${wrangler}`;
}

function versionOf(name: string): string {
  const manifest: unknown = createRequire(import.meta.url)(`${name}/package.json`);
  return packageSchema.parse(manifest).version;
}
