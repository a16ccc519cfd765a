import pg from "pg";
import { log, messageOf } from "./log";

/** The database did not answer: restarting, unreachable or overloaded. Worth trying again. */
export class DatabaseUnavailable extends Error {}

export type Row = Record<string, unknown>;

export interface Database {
  query(sql: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Statement classes with which PostgreSQL says "not now": connection, resources, shutdown or start. */
const temporary = /^(08|53|57)/;

/**
 * A pool that survives restarts of the database: broken connections are dropped and opened again when needed.
 * Pools are small because during a rollout twice the usual number of pods share the server's connections.
 */
export function connect(url: string, connections: number): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 3_000,
    statement_timeout: 5_000,
    query_timeout: 6_000,
    idleTimeoutMillis: 30_000,
    application_name: "shop",
  });
  pool.on("error", (error) => log("database connection lost", { reason: error.message }));
  return {
    async query(sql, values = []) {
      try {
        return (await pool.query<Row>(sql, values)).rows;
      } catch (error) {
        const answered = error instanceof pg.DatabaseError && !temporary.test(error.code ?? "");
        throw answered ? error : new DatabaseUnavailable(messageOf(error), { cause: error });
      }
    },
    close: () => pool.end(),
  };
}

/** The SQLSTATE of an error that PostgreSQL answered with, else undefined. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}
