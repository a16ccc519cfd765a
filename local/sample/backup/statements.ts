import { escapeLiteral } from "pg";
import { ledgerSchema, userTables } from "./tables";

/** The ledger's own lock (`ledger/lock.go`): no migration runs while it is held. */
const ledgerLock = "8243113635168674158";

/** Makes sure that no migration runs, and none begins. */
export function lockLedger(seconds: number): string {
  return `do $do$
declare
  deadline timestamptz := clock_timestamp() + interval '${seconds} seconds';
begin
  while not pg_try_advisory_lock(${ledgerLock}) loop
    if clock_timestamp() > deadline then
      raise exception 'a migration runs on this database, and has not ended for ${seconds} s';
    end if;
    perform pg_sleep(0.2);
  end loop;
end $do$`;
}

/**
 * Locks every table, or none: where two sessions wait for each other, the locks are given back and asked for again,
 * until the other one has ended or the time is over.
 * @param mode `exclusive` lets others read, `access exclusive` lets them wait
 */
export function lockTables(mode: "exclusive" | "access exclusive", seconds: number): string {
  return `do $do$
declare
  deadline timestamptz := clock_timestamp() + interval '${seconds} seconds';
  tables text;
begin
  select string_agg(format('only %I.%I', schema, name), ', ') into tables from (${userTables}) as found;
  while tables is not null loop
    begin
      perform set_config('lock_timeout',
        greatest(1, ceil(extract(epoch from deadline - clock_timestamp()) * 1000))::int::text, true);
      execute 'lock table ' || tables || ' in ${mode} mode';
      exit;
    exception
      when deadlock_detected then
        if clock_timestamp() > deadline then raise; end if;
      when lock_not_available then
        raise exception 'other sessions have kept their locks on the tables for ${seconds} s';
    end;
  end loop;
end $do$`;
}

/** Of an extension: not the product's to drop. */
const notOfExtension = (catalog: string) => `not exists (select from pg_depend d
      where d.classid = '${catalog}'::regclass and d.objid = o.oid and d.deptype = 'e')`;

/**
 * Drops all that a dump may hold and all that was made since, which \`pg_restore --clean\` does not know of and would
 * fail at; of the ledger only what it says of migrations. What extensions brought stays.
 */
export const dropEverything = `do $do$
declare
  one record;
begin
  perform set_config('client_min_messages', 'warning', true);
  for one in
    select format('drop schema %I cascade', o.nspname) as statement
    from pg_namespace o
    where o.nspname !~ '^pg_' and o.nspname not in ('information_schema', 'public', ${escapeLiteral(ledgerSchema)})
      and ${notOfExtension("pg_namespace")}
  loop
    execute one.statement;
  end loop;
  for one in
    select format('drop %s if exists %s cascade', i.type, i.identity) as statement
    from (
      -- Sequences last: a column's own goes with its table, and not without it.
      select 'pg_class'::regclass as catalog, o.oid, o.relnamespace as namespace, (o.relkind = 'S')::int as rank
      from pg_class o
      where o.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ${notOfExtension("pg_class")}
      union all
      select 'pg_proc'::regclass, o.oid, o.pronamespace, 2 from pg_proc o
      where ${notOfExtension("pg_proc")}
      union all
      select 'pg_type'::regclass, o.oid, o.typnamespace, 3 from pg_type o left join pg_class c on c.oid = o.typrelid
      where (o.typtype in ('e', 'd', 'r') or c.relkind = 'c') and ${notOfExtension("pg_type")}
      union all
      select 'pg_collation'::regclass, o.oid, o.collnamespace, 4 from pg_collation o
      where ${notOfExtension("pg_collation")}
    ) as found
    cross join lateral pg_identify_object(found.catalog, found.oid, 0) as i
    where found.namespace = 'public'::regnamespace
    order by found.rank
  loop
    execute one.statement;
  end loop;
  perform lo_unlink(oid) from pg_largeobject_metadata;
  if to_regclass('${ledgerSchema}.migration') is not null then
    delete from ${ledgerSchema}.migration;
  end if;
end $do$`;

/**
 * One line of JSON: what the ledger has applied, and what was run here at some time and is not. Which runs there were
 * is true of today, and not restored.
 */
export const ledgerAnswer = `select json_build_object(
  'applied', coalesce((select json_agg(json_build_object('product', product, 'id', id, 'checksum', checksum)
    order by product, id) from ${ledgerSchema}.migration where state = 'applied'), '[]'),
  'notApplied', coalesce((select json_agg(json_build_object('product', product, 'id', migration)
    order by product, migration) from (
      select product, migration from ${ledgerSchema}.run
      union select product, id from ${ledgerSchema}.migration
      except select product, id from ${ledgerSchema}.migration where state = 'applied'
    ) as missing), '[]'))::text as answer`;

export const hasLedger = `select to_regclass('${ledgerSchema}.migration') is not null`;

/**
 * What of a dump is restored, as \`pg_restore --use-list\` takes it. Which releases are live and what ran is true of
 * today: where there is a ledger, only what it says of migrations comes from the dump.
 * @param contents as \`pg_restore --list\` prints them
 */
export function selected(contents: string, ledgerThere: boolean): string {
  const ofLedger = new RegExp(`^\\d+; \\d+ \\d+ (?:[A-Z]+ )+(?:- )?(?:SCHEMA )?${ledgerSchema} `);
  const isWanted = (line: string) => {
    // A comment may only be changed by the extension's owner; it is there already.
    if (/^\d+; \d+ \d+ COMMENT - EXTENSION /.test(line)) return false;
    return !ledgerThere || !ofLedger.test(line) || line.includes(` TABLE DATA ${ledgerSchema} migration `);
  };
  return contents.split("\n").filter(isWanted).join("\n");
}
