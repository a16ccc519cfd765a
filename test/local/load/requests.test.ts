import { Customers } from "../../../local/load/requests";

const draws = (...values: number[]) => {
  let next = 0;
  return () => values[next++ % values.length]!;
};

test("writes, reads back and lists in the shares asked for", () => {
  const customers = new Customers({ writes: 0.2, readBacks: 0.3 }, draws(0.1, 0.3, 0.1, 0.9));
  const order = customers.next();
  expect(order).toMatchObject({ method: "POST", path: "/orders" });
  customers.acknowledged(order, 201, '{"id": 7}');
  expect(customers.next()).toEqual({ method: "GET", path: "/orders/7" });
  expect(customers.next()).toEqual({ method: "GET", path: "/products" });
});

test("reads nothing back before an order was placed, nor orders that were refused", () => {
  const customers = new Customers({ writes: 0, readBacks: 1 });
  expect(customers.next().path).toBe("/products");
  const order = new Customers({ writes: 1, readBacks: 0 }).next();
  customers.acknowledged(order, 500, '{"id": 7}');
  customers.acknowledged(order, 201, "no JSON");
  expect(customers.next().path).toBe("/products");
});

test("an acknowledged order has the values it was placed with, and the id of the answer", () => {
  const customers = new Customers({ writes: 1, readBacks: 0 });
  const { order, ...request } = customers.next();
  expect(customers.acknowledged({ order, ...request }, 201, '{"id": "7", "quantity": 99}')).toEqual({
    id: "7",
    ...order,
  });
  expect(customers.acknowledged({ order, ...request }, 201, "{}")).toEqual({ id: null, ...order });
});

test.each([
  ["refused", 422],
  ["lost", 503],
])("an order that is %s is not acknowledged, nor is what was only read", (_, status) => {
  const customers = new Customers({ writes: 1, readBacks: 0 });
  expect(customers.acknowledged(customers.next(), status, '{"id": "7"}')).toBeUndefined();
  expect(customers.acknowledged({ method: "GET", path: "/orders/7" }, 201, '{"id": "7"}')).toBeUndefined();
});

test("no order is like another one, of the same run or of another, so that one stored twice shows", () => {
  const runs = [1, 2].map(() => new Customers({ writes: 1, readBacks: 0 }));
  const orders = runs.flatMap((customers) =>
    Array.from({ length: 20_000 }, () => JSON.stringify(customers.next().order)),
  );
  expect(new Set(orders).size).toBe(orders.length);
  expect(new Set(orders.map((order) => JSON.parse(order).quantity)).size).toBe(100);
});
