import { Customers } from "../../../local/load/requests";

const draws = (...values: number[]) => {
  let next = 0;
  return () => values[next++ % values.length]!;
};

test("writes, reads back and lists in the shares asked for", () => {
  const customers = new Customers({ writes: 0.2, readBacks: 0.3 }, draws(0.1, 0.3, 0.1, 0.9));
  const order = customers.next();
  expect(order).toMatchObject({ method: "POST", path: "/orders" });
  customers.answered(order, 201, '{"id": 7}');
  expect(customers.next()).toEqual({ method: "GET", path: "/orders/7" });
  expect(customers.next()).toEqual({ method: "GET", path: "/products" });
});

test("reads nothing back before an order was placed, nor orders that were refused", () => {
  const customers = new Customers({ writes: 0, readBacks: 1 });
  expect(customers.next().path).toBe("/products");
  customers.answered({ method: "POST", path: "/orders" }, 500, '{"id": 7}');
  customers.answered({ method: "POST", path: "/orders" }, 201, "no JSON");
  expect(customers.next().path).toBe("/products");
});
