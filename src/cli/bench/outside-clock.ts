/** A clock outside the Workers runtime, whose own clock has a resolution of one millisecond. */
import { createServer } from "node:http";
import { z } from "zod";
import { TIMED, type Timed } from "../../bench/protocol.ts";

const addressSchema = z.object({ port: z.number() });

/** Receives begin and end over HTTP. */
interface OutsideClock {
  /** Base URL; the caller appends `begin/…` or `end/…`. */
  readonly url: string;
  /** Milliseconds from each begin to the first end after it, in order. */
  readonly lasted: Readonly<Record<Timed, number[]>>;
  stop(): void;
}

/** Starts the clock on the loopback interface. */
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
    // The time starts after the answer is sent, because the caller goes on only then.
    if (timed && what === "begin") began.set(timed, performance.now());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = addressSchema.parse(server.address());
  return { url: `http://127.0.0.1:${port}/`, lasted, stop: () => void server.close() };
}
