import { z } from "zod";
import { backupFile, sha256Hex } from "../../../restore/answers";
import { Refused } from "./refused";

const databaseUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol), {
    error: "expected a URL such as postgresql://user@host:5432/database",
  });

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
  error: "expected letters, digits, '.', '_' and '-'",
});

const common = {
  /** The live database, by the role that owns what is in it. */
  DATABASE_URL: databaseUrl,
  /** By a role that may create databases; its own database is only used to connect. */
  SCRATCH_DATABASE_URL: databaseUrl.optional(),
  BACKUP_DIR: z.string().min(1).default("/backup"),
  /** Whose partial files may be removed. */
  RELEASE_CHANNEL: name.optional(),
};

const tasks = z.discriminatedUnion("BACKUP_TASK", [
  z.object({ ...common, BACKUP_TASK: z.literal("backup"), BACKUP_NAME: name }),
  z.object({ ...common, BACKUP_TASK: z.literal("compare"), BACKUP_FILE: backupFile }),
  z.object({
    ...common,
    BACKUP_TASK: z.literal("restore"),
    BACKUP_FILE: backupFile,
    /** What was approved. */
    BACKUP_SHA256: sha256Hex,
    /** Of the backup that is taken first; none where it is left out. */
    BACKUP_NAME: name.optional(),
    LOCK_WITHIN_SECONDS: z.coerce.number().int().min(1).default(30),
  }),
]);

export type Task = z.infer<typeof tasks>;
export type RestoreTask = Extract<Task, { BACKUP_TASK: "restore" }>;

/** Where things are, the same for every task. */
export interface Settings {
  liveUrl: string;
  scratchUrl: string;
  dir: string;
  channel: string | undefined;
}

/**
 * @param word the first argument, which says the task where the environment does not
 * @throws {Refused} naming every variable that is wrong, never with its value
 */
export function readTask(environment: NodeJS.ProcessEnv, word: string | undefined): Task {
  const parsed = tasks.safeParse({
    ...environment,
    BACKUP_TASK: environment.BACKUP_TASK ?? word ?? "backup",
  });
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new Refused(`the environment is not what it has to be: ${wrong.join("; ")}`);
}

export function settingsOf(task: Task): Settings {
  return {
    liveUrl: task.DATABASE_URL,
    scratchUrl: task.SCRATCH_DATABASE_URL ?? task.DATABASE_URL,
    dir: task.BACKUP_DIR,
    channel: task.RELEASE_CHANNEL,
  };
}
