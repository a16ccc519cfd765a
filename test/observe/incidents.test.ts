import { observeIncidents } from "../../observe/incidents";
import { Project } from "../config/files";
import { aChannel } from "../gates/transitions";
import { recordOf, rolling } from "../rollout/releases";
import { Servers } from "./servers";

const servers = new Servers();
let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(async () => {
  project.remove();
  await servers.close();
});

type Incidents = NonNullable<Parameters<typeof aChannel>[0]>["incidents"];

const advance = { kind: "advance", to: rolling(30), record: recordOf(rolling(10)) } as const;
const observe = (incidents: Incidents) =>
  observeIncidents(advance, {
    channel: aChannel({ incidents }),
    channelName: "canary",
    projectDir: project.folder,
  });

const alert = (name: string, labels: object = {}) => ({
  labels: { alertname: name, severity: "critical", ...labels },
  annotations: { summary: `${name} says` },
  startsAt: "2026-03-01T19:04:00.5+01:00",
  fingerprint: "f",
});

/** An Alertmanager that answers everything with this. */
async function alertmanager(body: unknown, status = 200) {
  const asked: string[] = [];
  const url = await servers.start((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  return { url, asked };
}

describe("the incident file", () => {
  const read = (text: string) => {
    project.write("incidents.yaml", text);
    return observe({ file: "incidents.yaml" });
  };

  test("tells the open ones of this channel, in UTC", async () => {
    const observed = await read(`incidents:
  - { id: I-1, severity: P1, title: Orders are lost, openedAt: "2026-03-01T19:04:00+01:00" }
  - { id: I-2, severity: P1, title: Over, openedAt: 2026-03-01T18:00:00Z, resolvedAt: 2026-03-01T18:30:00Z }
  - { id: I-3, severity: P2, title: Elsewhere, openedAt: 2026-03-01T18:00:00Z, channels: [stable] }
  - { id: I-4, severity: P2, title: Here, openedAt: 2026-03-01T18:00:00Z, channels: [canary, stable] }
`);
    expect(observed).toEqual({
      status: "known",
      incidents: [
        { id: "I-1", severity: "P1", title: "Orders are lost", openedAt: "2026-03-01T18:04:00.000Z" },
        { id: "I-4", severity: "P2", title: "Here", openedAt: "2026-03-01T18:00:00.000Z" },
      ],
      alerts: [],
      problems: [],
    });
  });

  test("may be JSON", async () => {
    expect(await read(JSON.stringify({ incidents: [] }))).toMatchObject({ incidents: [], problems: [] });
  });

  test.each([
    [
      "has a mistake",
      "incidents:\n  - { id: I-1, severity: P1, title: A }",
      /^incidents\.yaml is not valid\. incidents\.yaml:2:\d+ incidents\.0\.openedAt: found nothing, expected a time/,
    ],
    [
      "was resolved before it opened",
      "incidents: [{id: a, severity: P1, title: t, openedAt: 2026-03-01T18:00:00Z, resolvedAt: 2026-03-01T17:00:00Z}]",
      /resolvedAt.*expected `resolvedAt` after/,
    ],
    ["is empty", "", /incidents\.yaml/],
    ["is no YAML", "incidents: [", /not valid YAML/],
  ])("that %s says nothing, and where the mistake is", async (_, text, problem) => {
    expect(await read(text)).toMatchObject({ status: "known", problems: [expect.stringMatching(problem)] });
  });

  test("that is not there says nothing", async () => {
    expect(await observe({ file: "gone.yaml" })).toMatchObject({
      problems: [expect.stringMatching(/gone\.yaml: file not found.*channel\.incidents\.file/)],
    });
  });
});

describe("Alertmanager", () => {
  test("is asked for what is active, neither silenced nor inhibited", async () => {
    const { url, asked } = await alertmanager([alert("A"), { ...alert("B"), annotations: {} }]);
    expect(await observe({ alertmanager: { url: `${url}/am` } })).toEqual({
      status: "known",
      incidents: [],
      alerts: [
        { name: "A", severity: "critical", activeSince: "2026-03-01T18:04:00.500Z", summary: "A says" },
        { name: "B", severity: "critical", activeSince: "2026-03-01T18:04:00.500Z", summary: "" },
      ],
      problems: [],
    });
    expect(asked).toEqual(["GET /am/api/v2/alerts?active=true&silenced=false&inhibited=false"]);
  });

  test("alerts count only with all the labels that are asked for", async () => {
    const { url } = await alertmanager([
      alert("A", { team: "shop", zone: "a" }),
      alert("B", { team: "shop" }),
      alert("C", { team: "other", zone: "a" }),
    ]);
    const observed = await observe({ alertmanager: { url, labels: { team: "shop", zone: "a" } } });
    expect(observed).toMatchObject({ alerts: [{ name: "A" }] });
  });

  test("a watchdog that does not fire means that no alert arrives", async () => {
    const { url } = await alertmanager([alert("A")]);
    expect(await observe({ alertmanager: { url, watchdog: "A" } })).toMatchObject({ problems: [] });
    expect(await observe({ alertmanager: { url, watchdog: "Watchdog" } })).toMatchObject({
      alerts: [],
      problems: [expect.stringMatching(/does not have the alert Watchdog, which always fires/)],
    });
  });

  test.each([
    ["an error", '"bad matcher"', 400, /cannot be understood \(HTTP 400\)/],
    ["a page", "<html>", 200, /not JSON/],
    ["other JSON", { status: "success", data: [] }, 200, /cannot be understood/],
    ["an alert without a time", [{ labels: {}, annotations: {} }], 200, /cannot be understood/],
  ])("%s says nothing", async (_, body, status, problem) => {
    const { url } = await alertmanager(body, status);
    expect(await observe({ alertmanager: { url } })).toMatchObject({
      alerts: [],
      problems: [expect.stringMatching(problem)],
    });
  });

  test("nobody listens; the file still counts", async () => {
    project.write(
      "incidents.json",
      '{"incidents": [{"id": "I", "severity": "P1", "title": "t", "openedAt": "2026-03-01T18:00:00Z"}]}',
    );
    const url = await servers.nowhere();
    expect(await observe({ file: "incidents.json", alertmanager: { url } })).toMatchObject({
      incidents: [{ id: "I" }],
      problems: [expect.stringContaining(url)],
    });
  });
});

test("without a source nothing is asked", async () => {
  expect(await observe(undefined)).toEqual({ status: "not-configured" });
});
