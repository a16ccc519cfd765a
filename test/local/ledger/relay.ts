import { createServer, type Server, Socket } from "node:net";

const keyDataLength = 13;

/** Stands between the ledger and PostgreSQL: as a network that may fail, or as a connection pooler. */
export class Relay {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #cut = false;

  private constructor(target: number, pooler: boolean) {
    this.#server = createServer((client) => {
      const server = new Socket();
      server.connect(target, "127.0.0.1");
      for (const socket of [client, server]) {
        this.#sockets.push(socket);
        socket.on("error", () => undefined);
      }
      client.on("data", (chunk) => this.#pass(chunk, server));
      server.on("data", (chunk) => this.#pass(pooler ? asPooler(chunk) : chunk, client));
      client.on("close", () => server.destroy());
      server.on("close", () => client.destroy());
    });
  }

  static async before(url: string, { pooler = false } = {}): Promise<Relay> {
    const relay = new Relay(Number(new URL(url).port), pooler);
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  url(url: string): string {
    const { port } = this.#server.address() as { port: number };
    return Object.assign(new URL(url), { port: String(port) }).href;
  }

  /** Loses everything from now on, in both directions, without closing a connection. */
  cut(): void {
    this.#cut = true;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #pass(chunk: Buffer, to: Socket): void {
    if (!this.#cut) to.write(chunk);
  }
}

/** A pooler makes up the process id that it gives its clients (BackendKeyData: `K`, length 12, process id, key). */
function asPooler(chunk: Buffer): Buffer {
  const at = chunk.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
  if (at < 0 || at + keyDataLength > chunk.length) return chunk;
  const changed = Buffer.from(chunk);
  changed.writeUInt32BE(changed.readUInt32BE(at + 5) + 1, at + 5);
  return changed;
}
