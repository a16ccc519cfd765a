import { adoptManagedFields, applyIgnoredChanges } from "../../../../local/plugins/kubernetes/fieldManagers";
import type { Bag } from "../../../../local/plugins/protocol/values";

const entry = (manager: string, operation: string, fieldsV1: Bag, subresource?: string): Bag => ({
  manager,
  operation,
  fieldsV1,
  ...(subresource && { subresource }),
});
const live = (...managedFields: Bag[]): Bag => ({
  metadata: { managedFields },
  spec: { replicas: 3, paused: true },
});

describe("taking over fields of client-side writes", () => {
  test("merges our create and kubectl's edits into our own entry", () => {
    const adopted = adoptManagedFields(
      live(
        entry("pulumi-kubernetes", "Update", { "f:spec": { "f:a": {} } }),
        entry("kubectl-edit", "Update", { "f:spec": { "f:b": {} } }),
        entry("controller", "Update", { "f:status": {} }, "status"),
      ),
      "ours",
    );
    expect(adopted).toEqual([
      entry("controller", "Update", { "f:status": {} }, "status"),
      entry("ours", "Apply", { "f:spec": { "f:a": {}, "f:b": {} } }),
    ]);
  });

  test("leaves everybody else's alone", () => {
    expect(
      adoptManagedFields(live(entry("ours", "Apply", {}), entry("hpa", "Update", {})), "ours"),
    ).toBeUndefined();
  });
});

describe("ignored changes", () => {
  const replicas = { "f:spec": { "f:replicas": {} } };

  test("a field that only others own is not sent", () => {
    const inputs = { spec: { replicas: 1, paused: false } };
    applyIgnoredChanges(inputs, live(entry("hpa", "Apply", replicas)), ["spec.replicas"], "ours");
    expect(inputs).toEqual({ spec: { paused: false } });
  });

  test("a field that we own too keeps its live value", () => {
    const inputs = { spec: { replicas: 1 } };
    const managers = [entry("hpa", "Apply", replicas), entry("ours", "Apply", replicas)];
    applyIgnoredChanges(inputs, live(...managers), ["spec.replicas"], "ours");
    expect(inputs).toEqual({ spec: { replicas: 3 } });
  });
});
