/** A clock for what happens inside the runtime, whose own counts whole milliseconds. */
import { createServer } from "node:http";
import { z } from "zod";
import { TIMED, type Timed } from "../../bench/protocol.ts";

const addressSchema = z.object({ port: z.number() });

/** Told over HTTP when something begins and ends. */
export interface OutsideClock {
  /** Where it is told; `begin/…` and `end/…` are added. */
  readonly url: string;
  /** Milliseconds from each beginning to its first end, in order. */
  readonly lasted: Readonly<Record<Timed, number[]>>;
  stop(): void;
}

/** Starts the clock, on this machine only. */
export async function startOutsideClock(): Promise<OutsideClock> {
  const began = new Map<Timed, number>();
  const lasted: Record<Timed, number[]> = { ours: [], floor: [], nothing: [] };
  const server = createServer((request, response) => {
    const nowMs = performance.now();
    const [, what, name] = (request.url ?? "").split("/");
    const timed = TIMED.find((each) => each === name);
    const beganMs = timed && began.get(timed);
    if (timed && what === "end" && beganMs !== undefined) {
      lasted[timed].push(nowMs - beganMs);
      began.delete(timed);
    }
    response.end();
    // It begins when it is told that it may.
    if (timed && what === "begin") began.set(timed, performance.now());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = addressSchema.parse(server.address());
  return { url: `http://127.0.0.1:${port}/`, lasted, stop: () => void server.close() };
}
