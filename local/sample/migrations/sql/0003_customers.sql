-- Up Migration
-- Expand: customers get a table of their own, and orders a number beside the customer's name. Whoever writes one of
-- the two forms, the trigger writes the other one, so releases that know only one of them work side by side.
-- Each step is a transaction of its own, short, and safe to repeat: a run that ended between two begins anew.

-- Step: all that is done at once, however large the table is
set local lock_timeout = '2s';
create table if not exists customers (
  id bigint generated always as identity primary key,
  name text not null unique
);
alter table orders add column if not exists customer_id bigint;
-- Not valid: holds for what is written from now on; orders of before are checked by 0005, while others write.
alter table orders drop constraint if exists orders_customer_id_fkey;
alter table orders add constraint orders_customer_id_fkey
  foreign key (customer_id) references customers (id) not valid;

-- The name counts where it is written, by an insert or a change; else it follows the number.
create or replace function orders_customer_forms() returns trigger language plpgsql as $$
begin
  if new.customer is not null and (tg_op = 'INSERT' or new.customer is distinct from old.customer) then
    select id into new.customer_id from customers where name = new.customer;
    if not found then
      insert into customers (name) values (new.customer)
        on conflict (name) do update set name = excluded.name
        returning id into new.customer_id;
    end if;
  elsif new.customer_id is not null and (tg_op = 'INSERT' or new.customer_id is distinct from old.customer_id) then
    select name into new.customer from customers where id = new.customer_id;
  end if;
  return new;
end $$;
-- Of these columns only: a worker that ships orders of before makes no customers, which could make it wait for
-- another one that does, and that one for it.
create or replace trigger orders_customer_forms before insert or update of customer, customer_id on orders
  for each row execute function orders_customer_forms();

-- Step: one that was interrupted leaves an index that is not valid
drop index concurrently if exists orders_customer_id;

-- Step: reads the table while others write
create index concurrently orders_customer_id on orders (customer_id);

-- Down Migration
-- Nothing is lost: every release up to here writes the name, or the trigger does.
set local lock_timeout = '2s';
drop trigger if exists orders_customer_forms on orders;
drop function if exists orders_customer_forms;
alter table orders drop column if exists customer_id;
drop table if exists customers;
