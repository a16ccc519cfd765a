import { writeFileSync } from "node:fs";

/**
 * Writes what is planned for programs to read, where the environment asks for it.
 * @param file value of RELEASE_REPORT_JSON
 * @returns why it cannot be written; null where it was, or nobody asked. No update waits for it.
 */
export function writeReport(file: string | undefined, report: object): string | null {
  if (file === undefined || file === "") return null;
  try {
    writeFileSync(file, JSON.stringify(report, null, 2));
    return null;
  } catch (error) {
    return `The report cannot be written (RELEASE_REPORT_JSON): ${(error as Error).message}`;
  }
}
