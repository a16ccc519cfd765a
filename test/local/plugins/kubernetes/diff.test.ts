import fc from "fast-check";
import { covers, detailedDiff, format, parsePath } from "../../../../local/plugins/kubernetes/detailedDiff";
import { touches } from "../../../../local/plugins/kubernetes/forceNew";
import { mergePatch } from "../../../../local/plugins/kubernetes/mergePatch";
import { prune } from "../../../../local/plugins/kubernetes/prune";
import { type Bag, equal } from "../../../../local/plugins/protocol/values";

/** Objects without nulls, which a merge patch can't tell from a removed key. */
const { tree } = fc.letrec<{ tree: Bag }>((tie) => ({
  tree: fc.dictionary(
    fc.constantFrom("a", "b", "c", "d.e"),
    fc.oneof({ maxDepth: 3 }, fc.integer(), fc.string(), fc.array(fc.integer()), tie("tree")),
  ) as fc.Arbitrary<Bag>,
}));

const changed = (before: Bag, after: Bag, forceNew: string[] = []) =>
  detailedDiff(mergePatch(before, after), before, after, forceNew);

describe("a merge patch", () => {
  test("is empty exactly when nothing differs", () => {
    fc.assert(
      fc.property(tree, tree, (a, b) => (Object.keys(mergePatch(a, b)).length === 0) === equal(a, b)),
    );
  });
});

describe("pruning", () => {
  test("keeps all of an object that has the shape of its inputs", () => {
    fc.assert(fc.property(tree, (inputs) => equal(prune(inputs, inputs), inputs)));
  });

  test("leaves out what the cluster added", () => {
    fc.assert(fc.property(tree, (inputs) => equal(prune({ ...inputs, added: { a: 1 } }, inputs), inputs)));
  });

  test("matches elements of lists by position", () => {
    const live: Bag = { list: [{ a: 1, b: 2 }, { a: 3, b: 4 }, { a: 5 }] };
    expect(prune(live, { list: [{ a: 0 }, { b: 0 }] })).toEqual({ list: [{ a: 1 }, { b: 4 }] });
  });
});

describe("a detailed diff", () => {
  test("is empty exactly when the patch is", () => {
    fc.assert(fc.property(tree, tree, (a, b) => (Object.keys(changed(a, b)).length === 0) === equal(a, b)));
  });

  test("names every change by its path", () => {
    const before: Bag = { list: [{ a: 1, b: 1 }, { a: 2 }], gone: 1, same: { x: 1 } };
    const after = { list: [{ a: 1, c: 1 }], same: { x: 1, "y.z": 2 } };
    const kinds = Object.fromEntries(
      Object.entries(changed(before, after)).map(([path, { kind }]) => [path, kind]),
    );
    expect(kinds).toEqual({
      "list[0].b": "delete",
      "list[0].c": "add",
      "list[1]": "delete",
      gone: "delete",
      'same["y.z"]': "add",
    });
  });

  test("marks replacements, whether a field changes or something around it", () => {
    expect(changed({ spec: { a: { b: 1 } } }, { spec: { a: { b: 2 } } }, [".spec.a"])).toEqual({
      "spec.a.b": { kind: "update-replace", inputDiff: false },
    });
    expect(changed({ x: 1 }, { x: 1, spec: { a: 1 } }, [".spec.a"]).spec?.kind).toBe("add-replace");
    expect(changed({ spec: { c: 1 } }, { spec: { c: 2 } }, [".spec.a"])["spec.c"]?.kind).toBe("update");
  });
});

test("a force-new field may be in any element of a list", () => {
  expect(touches(["spec", "containers", 3, "image"], "a", [".spec.containers[*].image"])).toBe(true);
  expect(touches(["spec", "containers", 3, "name"], "a", [".spec.containers[*].image"])).toBe(false);
});

test("paths are written and read back", () => {
  const path = ["spec", "containers", 0, 'odd."key"', "image"];
  expect(format(path)).toBe('spec.containers[0]["odd.\\"key\\""].image');
  expect(parsePath(format(path))).toEqual(path);
});

test("an ignored path covers what is below it, with a star for any step", () => {
  expect(covers(parsePath("spec.replicas"), parsePath("spec.replicas"))).toBe(true);
  expect(covers(parsePath("spec"), parsePath("spec.a[0].b"))).toBe(true);
  expect(covers(parsePath("spec.containers[*].image"), parsePath("spec.containers[2].image"))).toBe(true);
  expect(covers(parsePath("spec.a.b"), parsePath("spec.a"))).toBe(false);
});
