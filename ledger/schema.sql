-- What the ledger keeps, in the database whose migrations it is about. Created once, in one transaction.
create schema release_channels;

-- Version of these tables: a ledger leaves alone what it does not know.
create table release_channels.format (version integer not null);
insert into release_channels.format values (1);

-- State of every migration that was ever begun here; channel, version and attempt are of its last run.
create table release_channels.migration (
  product text not null,
  id text not null,
  checksum text not null,
  phase text not null,
  state text not null check (state in ('running', 'applied', 'failed', 'undone')),
  channel text not null,
  version text not null,
  attempt integer not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  -- Progress, as its command last reported it.
  done bigint,
  total bigint,
  primary key (product, id)
);

-- Every run. One without an end was killed, or lost its lock.
create table release_channels.run (
  number bigint generated always as identity primary key,
  product text not null,
  migration text not null,
  direction text not null check (direction in ('up', 'down')),
  checksum text not null,
  channel text not null,
  version text not null,
  transition text not null,
  attempt integer not null,
  host text not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  exit_code integer
);

-- Releases that are live on this database, or about to be, as each channel said last.
create table release_channels.live (
  product text not null,
  channel text not null,
  release text not null,
  version text not null,
  writes integer,
  reads integer[] not null,
  migrations text[] not null,
  transition text not null,
  recorded_at timestamptz not null,
  primary key (product, channel, release)
);

-- Who spoke for a channel, in the order in which they were first heard: a repetition of something older takes
-- nothing away from what was said since.
create table release_channels.entry (
  number bigint generated always as identity primary key,
  product text not null,
  channel text not null,
  transition text not null,
  entered_at timestamptz not null,
  unique (product, channel, transition)
);
