import { z } from "zod";
import { UserError } from "../config/load/problems";
import type { Cluster } from "./kubernetes";

/** @throws {UserError} when the cluster refuses or cannot be reached. */
export async function attempt<Answer>(
  cluster: Cluster,
  what: string,
  request: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await request();
  } catch (error) {
    const code = codeOf(error);
    const where = `cluster ${cluster.server} (context ${cluster.context})`;
    throw new UserError(
      code === null
        ? `The ${where} cannot be reached: ${messageOf(error)}. Check that it runs and that KUBECONFIG names the right file.`
        : `The ${where} refuses ${what} (HTTP ${code}): ${messageOf(error)}. Check the namespace and the user's roles.`,
    );
  }
}

const apiError = z.object({ code: z.number(), body: z.unknown() });
const apiStatus = z.object({ message: z.string() });

export function codeOf(error: unknown): number | null {
  return apiError.safeParse(error).data?.code ?? null;
}

export function messageOf(error: unknown): string {
  const body = apiError.safeParse(error).data?.body;
  const status = apiStatus.safeParse(typeof body === "string" ? parseJson(body) : body);
  return status.data?.message ?? (error as Error).message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
