-- Up Migration
-- Contract: the name is kept in customers only. Releases before 1.8.0 read or write orders.customer: none may be live.
-- A column is dropped at once, however large the table is. There is no way back but a backup.
set local lock_timeout = '2s';
drop trigger orders_customer_forms on orders;
drop function orders_customer_forms;
alter table orders drop column customer;
