-- Up Migration
-- Switch: releases rely on the number from now on. The table is read while others write: a constraint that is not
-- valid yet holds for what is written, validating it takes no lock that writers mind, and "not null" believes it
-- instead of looking for itself. Each step is a transaction of its own, short or harmless, and safe to repeat.

-- Step
set local lock_timeout = '2s';
alter table orders drop constraint if exists orders_customer_id_present;
alter table orders add constraint orders_customer_id_present check (customer_id is not null) not valid;

-- Step
alter table orders validate constraint orders_customer_id_present;

-- Step
alter table orders validate constraint orders_customer_id_fkey;

-- Step
set local lock_timeout = '2s';
alter table orders alter column customer_id set not null;
alter table orders drop constraint orders_customer_id_present;

-- Down Migration
-- Nothing is lost: both forms are still written.
set local lock_timeout = '2s';
alter table orders alter column customer_id drop not null;
alter table orders drop constraint if exists orders_customer_id_present;
