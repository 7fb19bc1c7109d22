/**
 * Packed bodies of session rows as this isolate has last read them. Who reads the latest rows of an identity again and again reads only those
 * that have changed. A body counts only under the version that was listed just before, so nothing depends on what is kept.
 */

/** A body under its version. */
interface KnownBody {
  readonly version: number;
  /** Hexadecimal digits. */
  readonly body: string;
}

/** Maximum characters of all bodies of a database, and of one that is kept. A usual row has some 1,500. */
const MOST_CHARACTERS = 1_000_000;
const LONGEST = 20_000;

export class KnownBodies {
  /** By id, the latest used last. */
  readonly #bodies = new Map<string, KnownBody>();
  #characters = 0;

  /** The body of a row at a version, or null. */
  find(id: string, version: number): string | null {
    const known = this.#bodies.get(id);
    if (known?.version !== version) return null;
    this.#bodies.delete(id);
    this.#bodies.set(id, known);
    return known.body;
  }

  /** Keeps a body, and drops those that were not used for longest. */
  keep(id: string, known: KnownBody): void {
    this.#drop(id);
    if (known.body.length > LONGEST) return;
    this.#bodies.set(id, known);
    this.#characters += known.body.length;
    for (const oldest of this.#bodies.keys()) {
      if (this.#characters <= MOST_CHARACTERS) return;
      this.#drop(oldest);
    }
  }

  #drop(id: string): void {
    this.#characters -= this.#bodies.get(id)?.body.length ?? 0;
    this.#bodies.delete(id);
  }
}
