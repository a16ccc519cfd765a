import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Bag } from "./values";

/** A Struct holds JSON objects and nothing else, so its plain form is a Bag. */
export function fromStruct(struct: Struct | undefined): Bag {
  return (struct?.toJavaScript() ?? {}) as Bag;
}

export function toStruct(bag: Bag): Struct {
  return Struct.fromJavaScript(bag);
}
