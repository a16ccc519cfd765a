-- Up Migration
-- Expand: a nullable column without a default is added at once, however large the table is, and releases that
-- do not know it go on as before. The change waits for queries under way, and new ones wait for it: not for long.
set local lock_timeout = '2s';
alter table orders add column note text;

-- Down Migration
alter table orders drop column note;
