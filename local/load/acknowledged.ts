import { createWriteStream, type WriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { z } from "zod";

/** An order that was answered with 201, with the values it was placed with; no id where the answer named none. */
export const acknowledgedOrder = z.object({
  id: z.string().nullable(),
  customer: z.string(),
  item: z.string(),
  quantity: z.number(),
});
export type AcknowledgedOrder = z.infer<typeof acknowledgedOrder>;

/** A file with every acknowledged order of a run, a line of JSON each, so that none is kept in memory. */
export class Acknowledgements {
  readonly #file: WriteStream;
  readonly #written: Promise<void>;

  constructor(path: string) {
    this.#file = createWriteStream(path);
    this.#written = finished(this.#file);
    // Told by `close`, once the run is over.
    this.#written.catch(() => undefined);
  }

  add(order: AcknowledgedOrder): void {
    this.#file.write(`${JSON.stringify(order)}\n`);
  }

  /** Resolves when all are in the file; rejects when one could not be written. */
  close(): Promise<void> {
    this.#file.end();
    return this.#written;
  }
}
