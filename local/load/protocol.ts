import { z } from "zod";
import { slice } from "./slice";

/** What the parent asks of the load process over IPC. */
export const commandMessage = z.object({
  id: z.number(),
  command: z.enum(["mark", "peek", "total", "stop"]),
});
export type LoadCommand = z.infer<typeof commandMessage>["command"];

/** The load process's answers: `ready` once, then one slice per command, by its id. */
export const reply = z.union([z.object({ ready: z.literal(true) }), z.object({ id: z.number(), slice })]);
export type Reply = z.infer<typeof reply>;
