-- Up Migration
-- Fails on purpose: products have no column "price", as its author would have found out by running it once.
alter table orders add column total_cents integer;
update orders set total_cents = quantity * products.price from products where products.name = orders.item;

-- Down Migration
alter table orders drop column total_cents;
