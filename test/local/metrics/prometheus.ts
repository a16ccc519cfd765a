import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { locate } from "../../../local/debian/requirements";
import { eventually } from "../sample/eventually";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A real Prometheus of one test file's own, on loopback, scraping one target four times a second. */
export class TestPrometheus {
  private constructor(
    private readonly dir: string,
    private readonly server: ChildProcess,
    readonly url: string,
  ) {}

  static async start(target: string): Promise<TestPrometheus> {
    const dir = mkdtempSync(join(tmpdir(), "release-channels-prometheus-"));
    const configuration = {
      global: { scrape_interval: "250ms", scrape_timeout: "250ms" },
      scrape_configs: [{ job_name: "target", static_configs: [{ targets: [target] }] }],
    };
    writeFileSync(join(dir, "prometheus.yaml"), JSON.stringify(configuration));
    const address = `127.0.0.1:${await freePort()}`;
    const server = spawn(
      locate("prometheus"),
      [
        `--config.file=${join(dir, "prometheus.yaml")}`,
        `--storage.tsdb.path=${join(dir, "data")}`,
        `--web.listen-address=${address}`,
        "--query.max-samples=2000",
      ],
      { stdio: "ignore" },
    );
    const prometheus = new TestPrometheus(dir, server, `http://${address}`);
    try {
      await eventually(async () => {
        const answer = await fetch(`${prometheus.url}/-/ready`);
        if (!answer.ok) throw new Error(`Prometheus is not ready: HTTP ${answer.status}`);
      });
    } catch (error) {
      await prometheus.stop();
      throw error;
    }
    return prometheus;
  }

  /** The newest value of a series, as Prometheus knows it. */
  async value(query: string): Promise<number> {
    const answer = await fetch(`${this.url}/api/v1/query?${new URLSearchParams({ query })}`);
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return Number(data.result[0]?.value[1]);
  }

  /** It keeps its connections, and says nothing more. */
  pause(): void {
    this.server.kill("SIGSTOP");
  }

  resume(): void {
    this.server.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    if (this.server.exitCode === null && this.server.signalCode === null) {
      this.server.kill("SIGKILL");
      await once(this.server, "exit");
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
