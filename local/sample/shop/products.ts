import type { Database } from "../service/database";
import { Refusal, type Route } from "../service/routes";

/** One product by its name. */
export function productRoute(database: Database): Route {
  return {
    method: "GET",
    path: "/products/:name",
    async handle(call) {
      const sql = 'select name, price_cents as "priceCents" from products where name = $1';
      const [product] = await database.query(sql, [call.params.name]);
      if (product === undefined) {
        throw new Refusal(404, `there is no product ${call.params.name}`);
      }
      return { status: 200, body: product };
    },
  };
}
