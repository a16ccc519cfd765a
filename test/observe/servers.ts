import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Small HTTP servers on loopback, all closed after the test. */
export class Servers {
  private readonly open: Server[] = [];

  /** @returns the server's address */
  async start(listener: RequestListener, host = "127.0.0.1", port = 0): Promise<string> {
    const server = createServer(listener);
    this.open.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
    return `http://${host}:${(server.address() as AddressInfo).port}`;
  }

  /** An address at which nothing listens. */
  async nowhere(): Promise<string> {
    const url = await this.start(() => {});
    await this.close();
    return url;
  }

  async close(): Promise<void> {
    const closing = this.open.splice(0).map((server) => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    await Promise.all(closing);
  }
}
