-- Up Migration
create table products (
  name text primary key,
  price_cents integer not null check (price_cents > 0)
);
insert into products (name, price_cents) values ('tea', 350), ('coffee', 420), ('mug', 1290);

create table orders (
  id bigint generated always as identity primary key,
  customer text not null,
  item text not null references products (name),
  quantity integer not null check (quantity > 0),
  status text not null default 'pending' check (status in ('pending', 'shipped')),
  created_at timestamptz not null default now(),
  shipped_at timestamptz
);
create index orders_pending on orders (id) where status = 'pending';

-- Down Migration
drop table orders;
drop table products;
