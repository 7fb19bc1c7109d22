/** The WebSockets of a stream to the objects it watches. A lost one is opened again by the next call of `follow`. */
import { logError } from "../log.ts";
import { type StreamFrame, streamFrame } from "./protocol.ts";

export interface WatchListener {
  readonly onFrame: (frame: StreamFrame) => void;
  /** A WebSocket was closed by the other side; frames may have been missed. */
  readonly onLost: () => void;
}

export class Watch {
  readonly #connect: (name: string) => Promise<Response>;
  readonly #listener: WatchListener;
  readonly #sockets = new Map<string, WebSocket>();
  #isClosed = false;

  constructor(connect: (name: string) => Promise<Response>, listener: WatchListener) {
    this.#connect = connect;
    this.#listener = listener;
  }

  /**
   * Watches these objects and no others. An object that can't be reached is left out until the next call.
   * @returns whether a WebSocket was opened: what was read before it may be out of date
   */
  async follow(names: readonly string[]): Promise<boolean> {
    for (const [name, socket] of this.#sockets) if (!names.includes(name)) this.#drop(name, socket);
    const missing = names.filter((name) => !this.#sockets.has(name));
    const opened = await Promise.all(missing.map((name) => this.#open(name)));
    return opened.includes(true);
  }

  /** Closes all WebSockets and opens no further ones. */
  close(): void {
    this.#isClosed = true;
    for (const [name, socket] of this.#sockets) this.#drop(name, socket);
  }

  async #open(name: string): Promise<boolean> {
    try {
      const { webSocket: socket, status } = await this.#connect(name);
      if (!socket) throw new Error(`a WebSocket was expected, an answer with status ${status} came`);
      this.#listen(name, socket);
      socket.accept();
      if (!this.#isClosed) return true;
      this.#drop(name, socket);
    } catch (error) {
      logError("stream_watch_failed", error, { object: name });
    }
    return false;
  }

  #listen(name: string, socket: WebSocket): void {
    this.#sockets.set(name, socket);
    const onLost = () => {
      if (this.#sockets.get(name) !== socket) return;
      this.#drop(name, socket);
      this.#listener.onLost();
    };
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") this.#listener.onFrame(streamFrame.parse(JSON.parse(data)));
    });
    socket.addEventListener("close", onLost);
    socket.addEventListener("error", onLost);
  }

  #drop(name: string, socket: WebSocket): void {
    this.#sockets.delete(name);
    try {
      socket.close(1000);
    } catch {
      // It was closed before.
    }
  }
}
