import { z } from "zod";

interface Node {
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
  anyOf?: Node[];
  allOf?: Node[];
}

/** Every field a person can write, down to what has no fields of its own: `a.b`, `list[].c`, `record.<>.d`. */
export function leavesOf(schema: z.ZodType): string[] {
  return [...new Set(walk(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node, ""))];
}

function walk(node: Node, path: string): string[] {
  const below = (name: string) => (path === "" ? name : `${path}.${name}`);
  const found = [
    ...Object.entries(node.properties ?? {}).flatMap(([name, child]) => walk(child, below(name))),
    ...(typeof node.additionalProperties === "object" ? walk(node.additionalProperties, below("<>")) : []),
    ...(node.items === undefined ? [] : walk(node.items, `${path}[]`)),
    ...[...(node.anyOf ?? []), ...(node.allOf ?? [])].flatMap((child) => walk(child, path)),
  ];
  // A list or a record of plain values is one field.
  const own = found.filter((leaf) => leaf !== `${path}[]` && leaf !== below("<>"));
  return own.length === 0 ? [path] : own;
}
