-- Up Migration
-- Backfill: `migrate.js backfill --to 0004` gives the orders of before their customer's number, and then runs this,
-- which sees to it that none is left.
do $$
begin
  if exists (select from orders where customer_id is null) then
    raise exception 'there are orders without customer_id'
      using hint = 'fill them first: migrate.js backfill --to 0004';
  end if;
end $$;

-- Down Migration
-- The numbers stay, and the trigger keeps them right; 0003 takes them away.
select;
