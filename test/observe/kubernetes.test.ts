import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, connect } from "../../observe/kubernetes";

const silent = createServer();
const { KUBECONFIG } = process.env;

beforeAll(async () => {
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const file = join(mkdtempSync(join(tmpdir(), "kubeconfig-")), "config");
  const server = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const kubeconfig = {
    "current-context": "silent",
    contexts: [{ name: "silent", context: { cluster: "silent", user: "ann" } }],
    clusters: [{ name: "silent", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "ann", user: {} }],
  };
  writeFileSync(file, JSON.stringify(kubeconfig));
  process.env.KUBECONFIG = file;
});

afterAll(() => {
  if (KUBECONFIG === undefined) delete process.env.KUBECONFIG;
  else process.env.KUBECONFIG = KUBECONFIG;
  silent.closeAllConnections();
  silent.close();
});

test("a request that is not answered in time is told, and left: nothing waits for it any more", async () => {
  const cluster = connect(undefined);
  const asked = once(silent, "request") as Promise<[IncomingMessage]>;
  const answer = ask(
    cluster,
    "who its user is",
    (options) => cluster.authentication.createSelfSubjectReview({ body: {} }, options),
    500,
  );
  const refusal = expect(answer).rejects.toThrow("has not answered for 0.5 s when asked for who its user is");
  const [request] = await asked;
  const left = once(request.socket, "close");
  await refusal;
  await left;
});
