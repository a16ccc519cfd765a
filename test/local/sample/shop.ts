import { TestPostgres } from "./postgres";
import { Programs } from "./programs";

/** The sample's programs and a PostgreSQL of one test file's own, which runs from before its tests until after them. */
export function shopOfTests(): { programs: Programs; postgres: TestPostgres } {
  const programs = new Programs();
  const postgres = new TestPostgres();
  beforeAll(() => postgres.install());
  afterAll(async () => {
    programs.remove();
    await postgres.remove();
  });
  return { programs, postgres };
}
